"""A challenge and its editions: who may win what, for what, and how that is judged.

Staff write all of it while the edition is a draft. Once its first phase is open, nothing of it
changes: the models refuse, and so does the database (``freeze_guards``).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import LegalKind
from altiplano.kernel.errors import ConflictError
from altiplano.kernel.tenancy import IdentifiedModel

FULL_MARK: Final = 4
"""Every criterion is marked from nought to this, and each mark has its anchor in words."""


class TrackKind(models.TextChoices):
    ENVIRONMENT = "environment", _("environment")
    EDUCATION = "education", _("education")
    OTHER = "other", _("other")


def in_language(row: models.Model, name: str) -> str:
    """What ``row`` says in the reader's language, or in the other when it is silent in that one."""
    wanted = f"{name}_{(get_language() or 'en')[:2]}"
    said = [getattr(row, each, "") for each in (wanted, f"{name}_en", f"{name}_fr")]
    return next((text for text in said if text), "")


class Titled(IdentifiedModel):
    """Has a name in both languages of the platform."""

    name_en = models.CharField(_("name in English"), max_length=200)
    name_fr = models.CharField(_("name in French"), max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self, "name")


class Challenge(Titled):
    """What goes on over the years: one aim, and an edition from time to time."""

    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    summary_en = models.TextField(_("aim in English"), blank=True)
    summary_fr = models.TextField(_("aim in French"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("challenge")
        verbose_name_plural = _("challenges")

    @property
    def summary(self) -> str:
        return in_language(self, "summary")


class Edition(Titled):
    """One round of a challenge: a draft, then public, then frozen from its first opening on."""

    challenge = models.ForeignKey(
        Challenge, on_delete=models.PROTECT, related_name="editions", verbose_name=_("challenge")
    )
    slug = models.SlugField(
        _("short name"), max_length=60, unique=True, help_text=_("The last part of its address.")
    )
    brief_en = models.TextField(_("brief in English"), help_text=_("Markdown."))
    brief_fr = models.TextField(_("brief in French"), help_text=_("Markdown."))
    zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        help_text=_("Its dates are entered and shown in this zone, and to readers also in theirs."),
    )
    rules = models.ForeignKey(
        "accounts.LegalVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        limit_choices_to={"document__kind": LegalKind.RULES, "published_at__isnull": False},
        verbose_name=_("rules"),
        help_text=_("A published version; teams will accept exactly this one."),
    )
    rules_notice_hours = models.PositiveIntegerField(
        _("notice of the rules, in hours"),
        default=7 * 24,
        help_text=_("No phase opens before the rules have been public for so long."),
    )
    languages = models.JSONField(_("languages of entries"), default=list)
    organizer = models.ForeignKey(
        "accounts.Organization",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("organizer"),
    )
    corpus = models.ManyToManyField(
        "knowledge.Collection",
        blank=True,
        related_name="+",
        verbose_name=_("shared documents"),
        help_text=_("Collections of the organizer, named on the edition's page."),
    )
    jury_answers = models.PositiveIntegerField(
        _("answers per entry"),
        default=500,
        validators=[MinValueValidator(1)],
        help_text=_("So many may be asked of each entry on the challenge's account."),
    )
    answer_tokens = models.PositiveIntegerField(
        _("tokens per answer, at most"), default=1024, validators=[MinValueValidator(1)]
    )
    answer_seconds = models.PositiveIntegerField(
        _("seconds per answer, at most"), default=60, validators=[MinValueValidator(1)]
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    frozen_at = models.DateTimeField(_("frozen"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        constraints = [
            models.CheckConstraint(
                condition=Q(frozen_at=None) | Q(published_at__isnull=False),
                name="only_a_published_edition_is_frozen",
            ),
        ]

    @property
    def brief(self) -> str:
        return in_language(self, "brief")

    def is_frozen(self, at: datetime | None = None) -> bool:
        """Whether its first phase has opened by then. One query, unless that is on record."""
        if self.frozen_at is not None:
            return True
        has_begun = self.phases.filter(opens_at__lte=at or timezone.now())
        return self.published_at is not None and has_begun.exists()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            refuse_when_frozen(self.pk)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        refuse_when_frozen(self.pk)
        return super().delete(*args, **kwargs)


def refuse_when_frozen(edition_id: uuid.UUID) -> None:
    """Raises ConflictError once the edition's first phase has opened, by what the database holds."""
    edition = Edition.objects.filter(pk=edition_id).first()
    if edition is not None and edition.is_frozen():
        raise ConflictError(
            _("The edition has begun: its phases can be extended, and nothing else changes."),
            code="edition_is_frozen",
        )


class EditionPart(IdentifiedModel):
    """What belongs to an edition and freezes with it."""

    edition = models.ForeignKey(
        Edition,
        on_delete=models.CASCADE,
        related_name="%(class)ss",
        verbose_name=_("edition"),
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        refuse_when_frozen(self.edition_id)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        refuse_when_frozen(self.edition_id)
        return super().delete(*args, **kwargs)


class Track(Titled, EditionPart):
    """A field in which entries compete with each other."""

    slug = models.SlugField(_("short name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=16, choices=TrackKind)
    brief_en = models.TextField(_("brief in English"), blank=True)
    brief_fr = models.TextField(_("brief in French"), blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("track")
        verbose_name_plural = _("tracks")
        constraints = [
            models.UniqueConstraint(fields=["edition", "slug"], name="one_track_per_slug"),
        ]

    @property
    def brief(self) -> str:
        return in_language(self, "brief")


class Prize(Titled, EditionPart):
    """What can be won: in one track, or by any entry."""

    track = models.ForeignKey(
        Track,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("track"),
        help_text=_("Left empty: any entry may win it."),
    )
    amount = models.PositiveIntegerField(_("amount"), null=True, blank=True)
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, help_text=_("Three letters, such as EUR.")
    )
    number = models.PositiveSmallIntegerField(
        _("how many"), default=1, validators=[MinValueValidator(1)]
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount=None) | ~Q(currency=""),
                name="an_amount_has_a_currency",
                violation_error_message=_("An amount needs its currency."),
            ),
        ]


class Criterion(Titled, EditionPart):
    """One question of the rubric, with a weight and with what each mark stands for in words."""

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="criteria", verbose_name=_("edition")
    )
    slug = models.SlugField(_("short name"), max_length=60)
    weight = models.PositiveSmallIntegerField(
        _("weight"), default=1, validators=[MinValueValidator(1)]
    )
    anchors_en = models.JSONField(_("anchors in English"), default=list)
    anchors_fr = models.JSONField(_("anchors in French"), default=list)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        constraints = [
            models.UniqueConstraint(fields=["edition", "slug"], name="one_criterion_per_slug"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="a_criterion_has_a_weight"),
        ]

    @property
    def anchors(self) -> list[tuple[int, str]]:
        """Each mark with its words in the reader's language, the lowest first."""
        french = self.anchors_fr if (get_language() or "").startswith("fr") else []
        return list(enumerate(french or self.anchors_en))


class HeldOutQuestion(EditionPart):
    """A question that every entry is asked, and that nobody outside the staff sees before."""

    text = models.TextField(_("question"))
    language = models.CharField(_("language"), max_length=5, default="en")
    expected = models.TextField(_("expected answer"), blank=True)
    is_answerable = models.BooleanField(
        _("the documents answer it"),
        default=True,
        help_text=_("Otherwise the right answer is to say that they do not."),
    )

    class Meta:
        verbose_name = _("held-out question")
        verbose_name_plural = _("held-out questions")

    def __str__(self) -> str:
        return self.text[:80]
