"""The models and tool servers that may be called, in the admin dashboard; keys are never shown."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from altiplano.accounts.interfaces.admin import staff_of
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_decisions import Decision, decision_source
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.kernel.errors import InvalidInputError
from altiplano.serving.domain.keys import seal_key
from altiplano.serving.domain.tool_servers import approve_tools, changes_of, check_address
from altiplano.serving.models import ModelEndpoint, ToolServer


@decision_source
def servers_that_changed() -> Decision:
    """Tool servers that offer something else than what was approved."""
    address = reverse("admin:serving_toolserver_changelist")
    return Decision(
        _("Tool servers whose tools changed"),
        ToolServer.objects.filter(awaits_approval=True).count(),
        f"{address}?awaits_approval__exact=1",
    )


@admin.register(ModelEndpoint)
class ModelEndpointAdmin(AreaAdmin):
    list_display = (
        "name",
        "model",
        "base_url",
        "provider",
        "organization",
        "is_enabled",
        "is_default",
        "has_key",
    )
    list_select_related = ("organization",)
    list_filter = ("provider", "is_enabled", "is_default")
    search_fields = ("name", "model", "base_url", "organization__name")
    ordering = ("-created_at",)
    readonly_fields = ("has_key",)

    def get_queryset(self, request: Any) -> Any:
        """Whether there is a key is asked of the database; the key itself stays there."""
        from django.db.models import BooleanField, Case, Value, When

        return (
            super()
            .get_queryset(request)
            .annotate(
                holds_key=Case(
                    When(sealed_key=b"", then=Value(False)),
                    default=Value(True),
                    output_field=BooleanField(),
                )
            )
        )

    @admin.display(boolean=True, description=_("has a key"))
    def has_key(self, row: Any) -> bool:
        return bool(row.holds_key)


class ToolServerForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """An empty key leaves the one that is stored."""

    key = forms.CharField(
        label=capfirst(_("key")),
        max_length=500,
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = ToolServer
        fields = ("name", "slug", "address", "program", "organization", "is_private", "is_enabled")

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            return check_address(address) if address else ""
        except InvalidInputError as error:
            raise forms.ValidationError(error.message) from None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if "address" in cleaned and bool(cleaned["address"]) == bool(cleaned.get("program")):
            raise forms.ValidationError(_("Enter an address, or the name of a program."))
        return cleaned


@admin.register(ToolServer)
class ToolServerAdmin(AreaAdmin):
    """Entering an address approves it: from then on, tools of pipelines may send words there.

    A program is named here and defined by ``ALTIPLANO_TOOL_PROGRAMS`` alone.
    """

    form = ToolServerForm
    list_display = ("name", "slug", "address", "program", "organization", "is_enabled", "problem")
    list_select_related = ("organization",)
    list_filter = ("is_enabled", "is_private", "awaits_approval")
    search_fields = ("name", "slug", "address", "organization__name")
    ordering = ("slug",)
    autocomplete_fields = ("organization",)
    editable: ClassVar = (
        "name",
        "slug",
        "address",
        "program",
        "organization",
        "is_private",
        "is_enabled",
    )
    seen: ClassVar = ("problem", "checked_at", "awaits_approval", "tools")
    is_addable = True
    is_deletable = True
    actions = ("approve",)
    change_form_outer_before_template = "serving/admin/tool_server.html"

    def more_context(self, row: ToolServer) -> dict[str, Any]:
        return {**super().more_context(row), "changes": changes_of(row)}

    @operation(
        label=_("Approve what they offer now"),
        question=_("Apps may use the tools of these servers as the servers describe them now:"),
        suits=lambda row: row.awaits_approval,
    )
    def approve(self, request: HttpRequest, row: ToolServer) -> None:
        approve_tools(actor=staff_of(request), server_id=row.pk)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.editable, "key", *(self.seen if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.seen if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """What another address offered is not what this one does, and its key is not for this one."""
        key = form.cleaned_data.get("key")
        is_elsewhere = bool({"address", "program"} & set(form.changed_data))
        if key or is_elsewhere:
            obj.sealed_key = seal_key(key or "")
            obj.tools, obj.problem, obj.checked_at = [], "", None
        if is_elsewhere:
            obj.offered, obj.approved, obj.awaits_approval = [], None, False
        super().save_model(request, obj, form, change)
