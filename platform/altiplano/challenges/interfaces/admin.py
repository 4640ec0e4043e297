"""Challenges in the admin dashboard: staff write an edition, publish it, and extend its phases."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminTextareaWidget

from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.accounts.interfaces.staff import staff_of
from altiplano.challenges.domain.editions import publish_edition
from altiplano.challenges.domain.extensions import extend_phase
from altiplano.challenges.interfaces.forms import (
    EDITION_FIELDS,
    CriterionForm,
    EditionForm,
    ExtensionForm,
    PhaseForm,
    PhaseFormSet,
)
from altiplano.challenges.models import (
    Challenge,
    Criterion,
    Edition,
    Extension,
    HeldOutQuestion,
    Phase,
    Prize,
    Track,
)


class FrozenWithEdition:
    """Rows of an edition, on its page: nothing of them can be changed once it has begun."""

    extra = 0
    tab = True
    formfield_overrides: ClassVar = {
        models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
    }

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_change(obj) and bool(super().has_add_permission(request, obj))  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_change(obj) and bool(super().has_change_permission(request, obj))  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_change(obj) and bool(super().has_delete_permission(request, obj))  # type: ignore[misc]


def _may_change(edition: Edition | None) -> bool:
    return edition is None or not edition.is_frozen()


class PhaseInline(FrozenWithEdition, StackedInline):  # type: ignore[misc]  # unfold has no types
    model = Phase
    form = PhaseForm
    formset = PhaseFormSet
    ordering = ("opens_at",)
    fields = (("kind", "grace_minutes"), ("opens_at", "closes_at"))


class TrackInline(FrozenWithEdition, StackedInline):  # type: ignore[misc]
    model = Track
    ordering = ("position", "slug")
    fields = (
        ("slug", "kind", "position"),
        ("name_en", "name_fr"),
        ("brief_en", "brief_fr"),
    )


class PrizeInline(FrozenWithEdition, StackedInline):  # type: ignore[misc]
    model = Prize
    ordering = ("position", "id")
    fields = (
        ("name_en", "name_fr"),
        ("track", "number", "position"),
        ("amount", "currency"),
    )

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Of the tracks, only this edition's own."""
        formset = super().get_formset(request, obj, **kwargs)
        if "track" in formset.form.base_fields:
            formset.form.base_fields["track"].queryset = Track.objects.filter(edition=obj)
        return formset


class CriterionInline(FrozenWithEdition, StackedInline):  # type: ignore[misc]
    model = Criterion
    form = CriterionForm
    ordering = ("position", "slug")
    fields = (
        ("slug", "weight", "position"),
        ("name_en", "name_fr"),
        ("anchors_en", "anchors_fr"),
    )


@admin.register(Challenge)
class ChallengeAdmin(AreaAdmin):
    list_display = ("slug", "name_en", "name_fr", "created_at")
    search_fields = ("slug", "name_en", "name_fr")
    ordering = ("slug",)
    editable: ClassVar = ("slug", "name_en", "name_fr", "summary_en", "summary_fr")
    is_addable = True


@admin.register(Edition)
class EditionAdmin(AreaAdmin):
    form = EditionForm
    list_display = ("name_en", "slug", "challenge", "zone", "published_at", "frozen_at")
    list_select_related = ("challenge",)
    list_filter = ("challenge",)
    search_fields = ("slug", "name_en", "name_fr")
    ordering = ("-created_at",)
    editable: ClassVar = EDITION_FIELDS
    autocomplete_fields = ("organizer",)
    inlines = (PhaseInline, TrackInline, PrizeInline, CriterionInline)
    is_addable = True
    actions = ("publish",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Collections can be chosen once it is stored whose they are."""
        seen = ("corpus", "published_at", "frozen_at")
        return self.editable if obj is None else (*self.editable, *seen)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("published_at", "frozen_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_change(obj) and super().has_change_permission(request, obj)

    @operation(
        label=_("Publish"),
        question=_(
            "Everybody will see these editions. From the first opening on nothing can be changed, "
            "and phases can only be made longer:"
        ),
        is_dangerous=True,
        suits=lambda row: row.published_at is None,
    )
    def publish(self, request: HttpRequest, row: Edition) -> None:
        publish_edition(edition=row, actor=staff_of(request))


@admin.register(HeldOutQuestion)
class HeldOutQuestionAdmin(AreaAdmin):
    list_display = ("text", "language", "is_answerable", "edition")
    list_select_related = ("edition",)
    list_filter = ("edition", "language", "is_answerable")
    search_fields = ("text", "expected")
    ordering = ("edition", "id")
    editable: ClassVar = ("edition", "text", "language", "expected", "is_answerable")
    is_addable = True
    is_deletable = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or _may_change(obj.edition)
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or _may_change(obj.edition)
        return is_open and super().has_delete_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only of editions that can still be changed."""
        if db_field.name == "edition":
            kwargs["queryset"] = Edition.objects.filter(frozen_at=None).order_by("-created_at")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Extension)
class ExtensionAdmin(AreaAdmin):
    """More time is given here, by adding a row; none is ever changed."""

    form = ExtensionForm
    list_display = ("phase", "closed_at_before", "closes_at", "reason_en", "extended_at")
    list_select_related = ("phase__edition",)
    search_fields = ("reason_en", "reason_fr", "phase__edition__slug")
    ordering = ("-extended_at",)
    editable: ClassVar = ("phase", "closes_at", "reason_en", "reason_fr")
    is_addable = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "phase":
            begun = Phase.objects.filter(edition__published_at__isnull=False)
            kwargs["queryset"] = begun.select_related("edition").order_by("-opens_at")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        made = extend_phase(
            phase=obj.phase,
            closes_at=obj.closes_at,
            reason_en=obj.reason_en,
            reason_fr=obj.reason_fr,
            actor=staff_of(request),
        )
        obj.pk = made.pk
