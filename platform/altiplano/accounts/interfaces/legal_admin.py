"""Legal documents in the admin dashboard: staff write drafts, publish them, and see who accepted."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import (
    Consent,
    LegalDocument,
    LegalText,
    LegalVersion,
    Purpose,
)
from altiplano.accounts.domain import legal
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.accounts.interfaces.consent_files import consents_as_csv
from altiplano.accounts.interfaces.staff import staff_of


class LegalDocumentForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the document is needed for, as boxes to tick."""

    purposes = forms.MultipleChoiceField(
        label=_("needed to"),
        choices=Purpose.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = LegalDocument
        fields = ("slug", "kind", "purposes")


@admin.register(LegalDocument)
class LegalDocumentAdmin(AreaAdmin):
    form = LegalDocumentForm
    list_display = ("slug", "kind", "purposes", "created_at")
    list_filter = ("kind",)
    search_fields = ("slug",)
    ordering = ("kind", "slug")
    editable: ClassVar = ("kind", "purposes")
    is_addable = True
    actions = ("begin_version",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("slug", *self.editable)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("slug",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            legal.begin_version(document=obj, actor=staff_of(request))

    @operation(
        label=_("Begin a new version"),
        question=_("A draft with the words of the last version will be made of these documents:"),
    )
    def begin_version(self, request: HttpRequest, row: LegalDocument) -> None:
        legal.begin_version(document=row, actor=staff_of(request))


@admin.register(LegalVersion)
class LegalVersionAdmin(AreaAdmin):
    list_display = (
        "document",
        "number",
        "requires_reconsent",
        "published_at",
        "effective_at",
    )
    list_select_related = ("document",)
    list_filter = ("document__kind", "requires_reconsent")
    search_fields = ("document__slug", "texts__title")
    ordering = ("document__slug", "-number")
    editable: ClassVar = ("requires_reconsent", "effective_at")
    actions = ("publish", "discard")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is published is read, not written."""
        is_fixed = obj is not None and obj.published_at is not None
        return not is_fixed and super().has_change_permission(request, obj)

    @operation(
        label=_("Publish"),
        question=_(
            "These versions will be public and can never be changed again; where a consent is "
            "needed, organizations are asked for it:"
        ),
        is_dangerous=True,
        suits=lambda row: row.published_at is None,
    )
    def publish(self, request: HttpRequest, row: LegalVersion) -> None:
        legal.publish_version(version=row, actor=staff_of(request))

    @operation(
        label=_("Discard the draft"),
        question=_("These drafts and their texts will be gone:"),
        is_dangerous=True,
        suits=lambda row: row.published_at is None,
    )
    def discard(self, request: HttpRequest, row: LegalVersion) -> None:
        legal.discard_draft(version=row, actor=staff_of(request))


@admin.register(LegalText)
class LegalTextAdmin(AreaAdmin):
    list_display = ("title", "language", "version", "short_checksum")
    list_select_related = ("version__document",)
    list_filter = ("language",)
    search_fields = ("title", "=sha256", "version__document__slug")
    ordering = ("version__document__slug", "-version__number", "language")
    editable: ClassVar = ("title", "text", "change_summary")

    @admin.display(description=_("checksum"), ordering="sha256")
    def short_checksum(self, row: LegalText) -> str:
        return f"{row.sha256[:12]}…" if row.sha256 else ""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_fixed = obj is not None and obj.version.published_at is not None
        return not is_fixed and super().has_change_permission(request, obj)


@admin.register(Consent)
class ConsentAdmin(AreaAdmin):
    list_display = (
        "legal_text",
        "organization",
        "person",
        "capacity",
        "given_at",
        "withdrawn_at",
    )
    list_select_related = ("legal_text", "organization", "person")
    list_filter = ("legal_text__version__document__kind", "legal_text__language")
    search_fields = ("organization__name", "organization__slug", "person__email", "=sha256")
    ordering = ("-given_at", "-id")
    actions = ("download",)

    @admin.action(description=_("Download as CSV"), permissions=["view"])
    def download(self, request: HttpRequest, queryset: Any) -> StreamingHttpResponse:
        """The chosen consents for a spreadsheet."""
        found = queryset.select_related(
            "organization", "person", "legal_text__version__document"
        ).defer("legal_text__text", "legal_text__change_summary")
        return consents_as_csv(found)
