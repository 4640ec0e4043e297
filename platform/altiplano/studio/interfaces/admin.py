"""Apps and their versions in the admin dashboard."""

from django.contrib import admin

from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.studio.models import App, AppSharing, AppVersion, DraftPackage, DraftRevision


@admin.register(App)
class AppAdmin(AreaAdmin):
    list_display = ("name", "slug", "organization", "published_version", "created_at")
    list_select_related = ("organization", "published_version")
    search_fields = ("name", "slug", "organization__name")
    ordering = ("-created_at",)


@admin.register(AppVersion)
class AppVersionAdmin(AreaAdmin):
    list_display = ("app", "number", "organization", "created_by", "created_at")
    list_select_related = ("app", "organization", "created_by")
    search_fields = ("app__name", "app__slug", "organization__name")
    ordering = ("-created_at",)


@admin.register(DraftRevision)
class DraftRevisionAdmin(AreaAdmin):
    list_display = ("app", "number", "organization", "changed_by", "changed_at")
    list_select_related = ("app", "organization", "changed_by")
    search_fields = ("app__name", "app__slug", "organization__name")
    ordering = ("-changed_at",)


@admin.register(DraftPackage)
class DraftPackageAdmin(AreaAdmin):
    """Which apps try a plugin that is still being written."""

    list_display = ("app", "package", "organization", "attached_at")
    list_select_related = ("app", "package", "organization")
    search_fields = ("app__name", "package__slug", "organization__name")
    ordering = ("-attached_at",)


@admin.register(AppSharing)
class AppSharingAdmin(AreaAdmin):
    """Which apps everybody may ask, and on which websites."""

    list_display = ("app", "organization", "is_public", "domains", "questions_per_day")
    list_select_related = ("app", "organization")
    list_filter = ("is_public",)
    search_fields = ("app__name", "app__slug", "organization__name")
    ordering = ("-id",)
