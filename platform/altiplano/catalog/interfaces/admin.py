"""Plugins and their releases in the admin dashboard."""

from django.contrib import admin

from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.catalog.models import Plugin, PluginRelease


@admin.register(Plugin)
class PluginAdmin(AreaAdmin):
    list_display = ("slug", "kind")
    list_filter = ("kind",)
    search_fields = ("slug", "kind")
    ordering = ("kind", "slug")


@admin.register(PluginRelease)
class PluginReleaseAdmin(AreaAdmin):
    list_display = ("plugin", "version", "state", "reason", "seen_at")
    list_select_related = ("plugin",)
    list_filter = ("state", "plugin__kind")
    search_fields = ("plugin__slug", "version", "reason")
    ordering = ("-seen_at",)
