"""The models that may be called, in the admin dashboard; their keys are never shown."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.serving.models import ModelEndpoint


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
