"""People, organizations, memberships, keys and the audit log in the admin dashboard."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain import oversight
from altiplano.accounts.history import sentence_of
from altiplano.accounts.interfaces import legal_admin  # noqa: F401 - Django finds its pages here
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.accounts.interfaces.staff import staff_of as staff_of  # noqa: PLC0414 - for other areas
from altiplano.accounts.models import ApiToken, AuditEvent, Membership, Organization, User


@admin.register(User)
class UserAdmin(AreaAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    editable: ClassVar = ("is_staff", "groups")
    filter_horizontal = ("groups",)
    actions = ("deactivate", "reactivate", "remove_second_factors")
    change_form_outer_before_template = "ops/person.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who gives rights must have them all."""
        return bool(staff_of(request).is_superuser)

    @operation(
        label=_("Deactivate"),
        question=_("These people will be signed out, cannot sign in, and their keys stop working:"),
        is_dangerous=True,
        asks_reason=True,
        suits=lambda row: row.is_active and not row.is_superuser,
    )
    def deactivate(self, request: HttpRequest, row: User) -> None:
        oversight.deactivate_person(
            actor=staff_of(request), person=row, reason=request.POST["reason"]
        )

    @operation(
        label=_("Activate again"),
        question=_("These people will be able to sign in again:"),
        suits=lambda row: not row.is_active,
    )
    def reactivate(self, request: HttpRequest, row: User) -> None:
        oversight.reactivate_person(actor=staff_of(request), person=row)

    @operation(
        label=_("Remove second factors"),
        question=_("These people will be signed out, and their password alone opens the account:"),
        is_dangerous=True,
        asks_reason=True,
        suits=lambda row: not row.is_superuser,
    )
    def remove_second_factors(self, request: HttpRequest, row: User) -> None:
        oversight.remove_second_factors(
            actor=staff_of(request), person=row, reason=request.POST["reason"]
        )


@admin.register(Organization)
class OrganizationAdmin(AreaAdmin):
    list_display = ("name", "slug", "kind", "country", "is_suspended", "created_at")
    list_filter = ("is_suspended", "kind")
    search_fields = ("name", "slug")
    ordering = ("-created_at",)
    actions = ("suspend", "unsuspend")

    @operation(
        label=_("Suspend"),
        question=_("Nobody will get into these organizations, by browser or by key:"),
        is_dangerous=True,
        asks_reason=True,
        suits=lambda row: not row.is_suspended,
    )
    def suspend(self, request: HttpRequest, row: Organization) -> None:
        oversight.suspend_organization(
            actor=staff_of(request), organization=row, reason=request.POST["reason"]
        )

    @operation(
        label=_("End the suspension"),
        question=_("These organizations will work again:"),
        suits=lambda row: row.is_suspended,
    )
    def unsuspend(self, request: HttpRequest, row: Organization) -> None:
        oversight.unsuspend_organization(actor=staff_of(request), organization=row)


@admin.register(Membership)
class MembershipAdmin(AreaAdmin):
    list_display = ("user", "organization", "role", "created_at")
    list_select_related = ("user", "organization")
    list_filter = ("role",)
    search_fields = ("user__email", "organization__name", "organization__slug")
    ordering = ("-created_at",)


@admin.register(ApiToken)
class ApiTokenAdmin(AreaAdmin):
    list_display = (
        "name",
        "prefix",
        "organization",
        "created_by",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_select_related = ("organization", "created_by")
    search_fields = ("name", "prefix", "organization__name", "created_by__email")
    ordering = ("-created_at",)
    actions = ("revoke",)

    @operation(
        label=_("Revoke"),
        question=_("These keys will stop working at once, for good:"),
        is_dangerous=True,
        asks_reason=True,
        suits=lambda row: row.revoked_at is None,
    )
    def revoke(self, request: HttpRequest, row: ApiToken) -> None:
        oversight.revoke_token_of_member(
            actor=staff_of(request), token=row, reason=request.POST["reason"]
        )


@admin.register(AuditEvent)
class AuditEventAdmin(AreaAdmin):
    list_display = ("happened_at", "sentence", "action", "object_id")
    list_filter = ("object_type",)
    search_fields = ("actor_label", "action", "=object_id")
    ordering = ("-id",)

    @admin.display(description=_("what happened"))
    def sentence(self, row: AuditEvent) -> str:
        return sentence_of(row)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A whole id also finds the events about that object, which is named by text."""
        found, is_doubled = super().get_search_results(request, queryset, search_term)
        return found | queryset.filter(object_id=search_term.strip()), is_doubled
