"""Plugins from outside in the admin dashboard: what their authors sent, and what staff decide."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.paginator import InfinitePaginator

from altiplano.accounts.interfaces.admin import staff_of
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_decisions import Decision, decision_source
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.accounts.interfaces.admin_traces import JobTraces
from altiplano.catalog.domain.concerns import close_concern
from altiplano.catalog.domain.reviewing import publish_release, recall_release, reject_release
from altiplano.catalog.package_models import (
    AuthorKey,
    Installation,
    Package,
    PackageConcern,
    PackageRelease,
    PackageState,
    StoreEntry,
)
from altiplano.catalog.review import review_of


@decision_source
def releases_in_review() -> Decision:
    """Releases that passed the checks and that nobody has looked at yet."""
    address = reverse("admin:catalog_packagerelease_changelist")
    return Decision(
        _("Plugins that wait for review"),
        PackageRelease.unscoped.filter(state=PackageState.IN_REVIEW).count(),
        f"{address}?state__exact={PackageState.IN_REVIEW}",
    )


@decision_source
def open_concerns() -> Decision:
    """What people find wrong with plugins and nobody has answered."""
    address = reverse("admin:catalog_packageconcern_changelist")
    return Decision(
        _("Concerns about plugins"),
        PackageConcern.unscoped.filter(closed_at__isnull=True).count(),
        f"{address}?closed_at__isempty=1",
    )


@admin.register(Package)
class PackageAdmin(AreaAdmin):
    list_display = ("slug", "owner", "current", "created_at")
    list_select_related = ("owner", "current__package")
    search_fields = ("slug", "owner__name", "owner__slug")
    ordering = ("slug",)


@admin.register(PackageRelease)
class PackageReleaseAdmin(JobTraces, AreaAdmin):
    list_display = ("package", "version", "state", "reason", "uploaded_by", "uploaded_at")
    list_select_related = ("package", "uploaded_by")
    list_filter = ("state",)
    search_fields = ("package__slug", "version", "=digest", "reason")
    ordering = ("-uploaded_at",)
    actions = ("publish", "reject", "recall")
    change_form_outer_before_template = "catalog/admin/release.html"

    def more_context(self, row: PackageRelease) -> dict[str, Any]:
        return {**super().more_context(row), "review": review_of(row)}

    @operation(
        label=_("Publish"),
        question=_("Everybody may install these releases:"),
        suits=lambda row: row.state == PackageState.IN_REVIEW,
    )
    def publish(self, request: HttpRequest, row: PackageRelease) -> None:
        publish_release(actor=staff_of(request), release_id=row.pk)

    @operation(
        label=_("Reject"),
        question=_("These releases will not be published; their authors read why:"),
        asks_reason=True,
        suits=lambda row: row.state == PackageState.IN_REVIEW,
    )
    def reject(self, request: HttpRequest, row: PackageRelease) -> None:
        reason = request.POST["reason"]
        reject_release(actor=staff_of(request), release_id=row.pk, reason=reason)

    @operation(
        label=_("Recall"),
        question=_("These releases will run in no organization any more, from now on:"),
        is_dangerous=True,
        asks_reason=True,
        suits=lambda row: row.state == PackageState.PUBLISHED,
    )
    def recall(self, request: HttpRequest, row: PackageRelease) -> None:
        reason = request.POST["reason"]
        recall_release(actor=staff_of(request), release_id=row.pk, reason=reason)


@admin.register(PackageConcern)
class PackageConcernAdmin(AreaAdmin):
    list_display = ("package", "version", "organization", "raised_at", "closed_at", "outcome")
    list_select_related = ("package", "organization")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    search_fields = ("package__slug", "organization__name", "text")
    ordering = ("-raised_at",)
    actions = ("settle",)

    @operation(
        label=_("Settle"),
        question=_("These concerns are settled; say what became of them:"),
        asks_reason=True,
        suits=lambda row: row.closed_at is None,
    )
    def settle(self, request: HttpRequest, row: PackageConcern) -> None:
        outcome = request.POST["reason"]
        close_concern(actor=staff_of(request), concern_id=row.pk, outcome=outcome)


@admin.register(AuthorKey)
class AuthorKeyAdmin(AreaAdmin):
    list_display = ("name", "fingerprint", "organization", "created_at", "retired_at", "revoked_at")
    list_select_related = ("organization",)
    search_fields = ("name", "=fingerprint", "organization__name")
    ordering = ("-created_at",)


@admin.register(Installation)
class InstallationAdmin(AreaAdmin):
    list_display = ("package", "release_version", "organization", "is_enabled", "installed_at")
    list_select_related = ("package", "release", "organization")
    list_filter = ("is_enabled",)
    search_fields = ("package__slug", "organization__name", "organization__slug")
    ordering = ("-installed_at",)

    def release_version(self, row: Installation) -> str:
        return row.release.version

    release_version.short_description = _("version")  # type: ignore[attr-defined]


@admin.register(StoreEntry)
class StoreEntryAdmin(AreaAdmin):
    """What plugins keep, by size: the values themselves are the organizations' own."""

    list_display = ("package", "organization", "size", "changed_at")
    list_select_related = ("package", "organization")
    search_fields = ("package__slug", "organization__name")
    ordering = ("-size", "-id")
    paginator = InfinitePaginator
