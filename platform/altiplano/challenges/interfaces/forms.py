"""The dashboard's forms of an edition: wall clocks, languages and anchors as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.text import capfirst
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from altiplano.challenges.calendar import (
    RepeatedTimeError,
    WallTimeError,
    known_zones,
    read_wall_time,
    wall_time,
)
from altiplano.challenges.domain.editions import opening_floor
from altiplano.challenges.domain.extensions import check_extension
from altiplano.challenges.models import FULL_MARK, Criterion, Edition, Extension, Phase
from altiplano.kernel.errors import ConflictError
from altiplano.knowledge.models import Collection

if TYPE_CHECKING:
    from altiplano.kernel.sentences import Text

EDITION_FIELDS = (
    "challenge",
    "slug",
    "name_en",
    "name_fr",
    "brief_en",
    "brief_fr",
    "zone",
    "rules",
    "rules_notice_hours",
    "languages",
    "jury_answers",
    "answer_tokens",
    "answer_seconds",
    "organizer",
)


class LanguagesField(forms.CharField):
    """Two-letter codes with spaces between them; a list of them once read."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        codes = list(dict.fromkeys(str(value or "").replace(",", " ").lower().split()))
        for code in codes:
            try:
                get_language_info(code)
            except KeyError:
                raise ValidationError(
                    _("No language has the code “%(code)s”."), params={"code": code}
                ) from None
        return codes

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != str(data or "").split()


class AnchorsField(forms.CharField):
    """One line for each mark, nought first; a list of them once read."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": FULL_MARK + 1})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [" ".join(line.split()) for line in str(value or "").splitlines() if line.strip()]
        if len(lines) != FULL_MARK + 1:
            raise ValidationError(
                _("Write one line for each mark from 0 to %(mark)s."), params={"mark": FULL_MARK}
            )
        return lines

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != str(data or "").splitlines()


class EditionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    languages = LanguagesField(
        label=capfirst(_("languages of entries")),
        help_text=_("Codes with spaces between them, such as en fr."),
    )
    zone = forms.ChoiceField(label=capfirst(_("time zone")), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Edition
        fields = (*EDITION_FIELDS, "corpus")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].choices = [(each, each) for each in known_zones()]  # type: ignore[attr-defined]
        self.fields["zone"].help_text = Edition._meta.get_field("zone").help_text  # noqa: SLF001
        if "corpus" in self.fields:
            owner = self.instance.organizer_id
            own = Collection.unscoped.filter(organization_id=owner).order_by("name")
            self.fields["corpus"].queryset = own if owner else own.none()  # type: ignore[attr-defined]


class CriterionForm(forms.ModelForm):  # type: ignore[type-arg]
    anchors_en = AnchorsField(
        label=capfirst(_("anchors in English")),
        help_text=_("What each mark stands for: one line each, 0 first."),
    )
    anchors_fr = AnchorsField(label=capfirst(_("anchors in French")))

    class Meta:
        model = Criterion
        fields = ("slug", "weight", "name_en", "name_fr", "anchors_en", "anchors_fr", "position")


def as_instant(wall: datetime, zone: str) -> datetime:
    """What was typed, read on the clocks of the zone. Raises ValidationError in words."""
    try:
        return read_wall_time(wall.replace(tzinfo=None), zone)
    except RepeatedTimeError:
        raise ValidationError(
            _("Clocks in %(zone)s show this time twice that day; choose another."),
            params={"zone": zone},
        ) from None
    except WallTimeError:
        raise ValidationError(
            _("Clocks in %(zone)s never show this time; choose another."), params={"zone": zone}
        ) from None


def as_typed(moment: datetime, zone: str) -> datetime:
    """What clocks of the zone show, in the clothes of UTC, in which Django's forms speak."""
    return wall_time(moment, zone).replace(tzinfo=UTC)


class PhaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """Its times are those of the edition's zone."""

    class Meta:
        model = Phase
        fields = ("kind", "opens_at", "closes_at", "grace_minutes")

    def __init__(self, *args: Any, edition: Edition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.edition, self.shown_zone = edition, edition.zone
        help_text = _("On the clocks of %(zone)s.") % {"zone": edition.zone}
        for name, label in (("opens_at", _("opens")), ("closes_at", _("closes"))):
            if name in self.fields:
                _name_clock(self.fields[name], label, help_text)
            moment = getattr(self.instance, name)
            if moment is not None:
                self.initial[name] = as_typed(moment, edition.zone)

    def has_changed(self) -> bool:
        """The same hours in another zone are other instants."""
        is_moved = self.instance.opens_at is not None and self.edition.zone != self.shown_zone
        return is_moved or super().has_changed()

    def clean_opens_at(self) -> datetime:
        opens = as_instant(self.cleaned_data["opens_at"], self.edition.zone)
        floor = opening_floor(self.edition) if self.edition.published_at else None
        if floor is not None and opens < floor:
            raise ValidationError(
                _("The rules must have been public for %(hours)s hours before a phase opens."),
                params={"hours": self.edition.rules_notice_hours},
            )
        return opens

    def clean_closes_at(self) -> datetime:
        return as_instant(self.cleaned_data["closes_at"], self.edition.zone)


def _name_clock(field: forms.Field, label: Text, help_text: Text) -> None:
    field.label, field.help_text = capfirst(str(label)), help_text


class PhaseFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Tells each form of which edition it is, as it is being saved."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "edition": self.instance}


class ExtensionForm(forms.ModelForm):  # type: ignore[type-arg]
    """The new closing, on the clocks of the edition's zone, with the reason."""

    class Meta:
        model = Extension
        fields = ("phase", "closes_at", "reason_en", "reason_fr")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "closes_at" in self.fields:
            text = _("On the clocks of the time zone of its edition.")
            _name_clock(self.fields["closes_at"], _("closes now"), text)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        phase, typed = cleaned.get("phase"), cleaned.get("closes_at")
        if phase is None or typed is None:
            return cleaned
        try:
            cleaned["closes_at"] = as_instant(typed, phase.edition.zone)
            check_extension(
                phase=phase, closes_at=cleaned["closes_at"], at=self.instance.extended_at
            )
        except ValidationError as error:
            self.add_error("closes_at", error)
        except ConflictError as error:
            self.add_error("closes_at", error.message)
        # What the model asks for, and the domain fills in.
        self.instance.closed_at_before = phase.closes_at
        return cleaned
