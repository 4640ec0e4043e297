"""The dashboard's page about plugins that are left alone."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.interfaces.admin import staff_of
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.catalog.domain.quarantine import end_quarantine
from altiplano.catalog.quarantine_models import Quarantine


@admin.register(Quarantine)
class QuarantineAdmin(AreaAdmin):
    list_display = ("package", "version", "organization", "crashes", "because", "since", "until")
    list_select_related = ("package", "organization")
    search_fields = ("package__slug", "organization__name", "=digest")
    ordering = ("-since",)
    actions = ("try_again",)

    @operation(
        label=_("Try again"),
        question=_("These plugins are started again with the next question:"),
    )
    def try_again(self, request: HttpRequest, row: Quarantine) -> None:
        end_quarantine(actor=staff_of(request), quarantine_id=row.pk)
