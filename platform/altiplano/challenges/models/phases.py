"""When things happen in an edition, and each time that more time was given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.append_only import AppendOnlyError
from altiplano.challenges.calendar import Window
from altiplano.challenges.models.editions import EditionPart, in_language
from altiplano.kernel.tenancy import IdentifiedModel


class PhaseKind(models.TextChoices):
    """In the order in which an edition goes through them."""

    REGISTRATION = "registration", _("registration")
    ENTRY = "entry", _("entries")
    REVIEW = "review", _("review")
    DECISION = "decision", _("decision")
    APPEAL = "appeal", _("appeals")


class Phase(EditionPart):
    """What is possible in an edition from one instant to another, both in UTC."""

    kind = models.CharField(_("kind"), max_length=16, choices=PhaseKind)
    opens_at = models.DateTimeField(_("opens (UTC)"))
    closes_at = models.DateTimeField(_("closes (UTC)"))
    grace_minutes = models.PositiveSmallIntegerField(
        _("grace, in minutes"),
        default=0,
        help_text=_("What arrives so late is still taken; the page says so."),
    )

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        constraints = [
            models.UniqueConstraint(fields=["edition", "kind"], name="one_phase_per_kind"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")),
                name="a_phase_closes_after_it_opens",
                violation_error_message=_("A phase must close after it opens."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition}: {self.get_kind_display()}"

    @property
    def window(self) -> Window:
        return Window(self.opens_at, self.closes_at, timedelta(minutes=self.grace_minutes))


class Extension(IdentifiedModel):
    """A phase was made longer: from when to when, by whom, and why. Never changed, never removed."""

    phase = models.ForeignKey(
        Phase, on_delete=models.CASCADE, related_name="extensions", verbose_name=_("phase")
    )
    closed_at_before = models.DateTimeField(_("closed before (UTC)"), editable=False)
    closes_at = models.DateTimeField(_("closes now (UTC)"))
    reason_en = models.CharField(_("reason in English"), max_length=300)
    reason_fr = models.CharField(_("reason in French"), max_length=300)
    extended_by = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        verbose_name=_("extended by"),
    )
    extended_at = models.DateTimeField(_("extended"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("closed_at_before")),
                name="an_extension_gives_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase}, {self.extended_at:%Y-%m-%d}"

    @property
    def reason(self) -> str:
        return in_language(self, "reason")

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError
