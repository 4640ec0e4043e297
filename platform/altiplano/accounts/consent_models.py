"""Legal documents in versions, and who accepted which exact text for which organization.

What was published is fixed, and what was accepted stays on record: the models refuse to change it,
and so does the database (``consent_guards``), whoever asks it.
"""

import hashlib
import unicodedata
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.append_only import AppendOnlyError
from altiplano.kernel.tenancy import IdentifiedModel, OrganizationModel


class LegalKind(models.TextChoices):
    LICENCE = "licence", _("licence")
    ACCEPTABLE_USE = "acceptable-use", _("acceptable use")
    RULES = "rules", _("rules of a challenge")
    PRIVACY = "privacy", _("privacy notice")
    CONDUCT = "conduct", _("code of conduct")


class Purpose(models.TextChoices):
    """What an organization may do once it has accepted the documents that name this."""

    PUBLISH_APP = "publish-app", _("publish an app")
    ENTER_CHALLENGE = "enter-challenge", _("enter a challenge")
    JOIN_RESEARCH = "join-research", _("join the research community")


class LegalDocument(IdentifiedModel):
    """A text with a history, such as the acceptable-use policy.

    Once a version is in force, ``purposes`` are closed to organizations that have not accepted it.
    A document without purposes informs, and nobody is asked to accept it.
    """

    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=LegalKind)
    purposes = models.JSONField(_("needed to"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("legal document")
        verbose_name_plural = _("legal documents")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=LegalKind.values), name="legal_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class LegalVersion(IdentifiedModel):
    """One version of a document: a draft until it is published, then fixed for ever.

    It is public from ``published_at`` and counts from ``effective_at``; the time between is the
    grace. With ``requires_reconsent``, consents to earlier versions end when it takes effect.
    """

    document = models.ForeignKey(
        LegalDocument,
        on_delete=models.PROTECT,
        related_name="versions",
        editable=False,
        verbose_name=_("legal document"),
    )
    number = models.PositiveIntegerField(_("number"), editable=False)
    supersedes = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("takes the place of"),
    )
    requires_reconsent = models.BooleanField(
        _("must be accepted anew"),
        default=True,
        help_text=_("Organizations that accepted an earlier version are asked again."),
    )
    effective_at = models.DateTimeField(
        _("takes effect (UTC)"),
        null=True,
        blank=True,
        help_text=_("Left empty: when it is published."),
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("version of a legal document")
        verbose_name_plural = _("versions of legal documents")
        constraints = [
            models.UniqueConstraint(
                fields=["document", "number"], name="one_legal_version_per_number"
            ),
            models.UniqueConstraint(
                fields=["document"],
                condition=Q(published_at=None),
                name="one_draft_per_legal_document",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(effective_at__gte=F("published_at")),
                name="legal_version_never_counts_before_it_is_public",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_when_published()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_when_published()
        return super().delete(*args, **kwargs)

    def _refuse_when_published(self) -> None:
        """By what the database holds: ``published_at`` may just have been set on this object."""
        if LegalVersion.objects.filter(pk=self.pk, published_at__isnull=False).exists():
            raise AppendOnlyError


class LegalText(IdentifiedModel):
    """A version in one language. ``sha256`` is that of :attr:`exact_text` in UTF-8.

    ``text`` is Markdown; what is hashed, accepted and offered as a file is the same, to the byte.
    """

    version = models.ForeignKey(
        LegalVersion,
        on_delete=models.CASCADE,
        related_name="texts",
        editable=False,
        verbose_name=_("version of a legal document"),
    )
    language = models.CharField(_("language"), max_length=5, editable=False)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"), help_text=_("Markdown, without the title."))
    change_summary = models.TextField(
        _("what changed"), blank=True, help_text=_("In a few sentences, against the last version.")
    )
    sha256 = models.CharField(_("checksum"), max_length=64, editable=False)

    class Meta:
        verbose_name = _("legal text")
        verbose_name_plural = _("legal texts")
        constraints = [
            models.UniqueConstraint(
                fields=["version", "language"], name="one_legal_text_per_language"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"

    @property
    def exact_text(self) -> str:
        return f"{self.title}\n\n{self.text}\n"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_when_published()
        self.title = " ".join(unicodedata.normalize("NFC", self.title).split())
        lines = unicodedata.normalize("NFC", self.text).splitlines()
        self.text = "\n".join(line.rstrip() for line in lines).strip()
        self.sha256 = hashlib.sha256(self.exact_text.encode()).hexdigest()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_when_published()
        return super().delete(*args, **kwargs)

    def _refuse_when_published(self) -> None:
        if LegalVersion.objects.filter(pk=self.version_id, published_at__isnull=False).exists():
            raise AppendOnlyError


class Consent(OrganizationModel):
    """A person accepted one exact text for an organization, in a capacity.

    The row stays for good. It may be withdrawn, once; and when the person or the organization is
    deleted, it forgets them and keeps what was accepted and when.
    """

    organization = models.ForeignKey(  # type: ignore[assignment]  # it outlives its organization
        "accounts.Organization",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        verbose_name=_("organization"),
    )
    person = models.ForeignKey(
        "accounts.User",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        verbose_name=_("person"),
    )
    capacity = models.CharField(_("in the capacity of"), max_length=120, editable=False)
    legal_text = models.ForeignKey(
        LegalText,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("legal text"),
    )
    sha256 = models.CharField(_("checksum"), max_length=64, editable=False)
    interface_language = models.CharField(_("language of the page"), max_length=5, editable=False)
    given_at = models.DateTimeField(_("accepted"), default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["organization", "-given_at"], name="consent_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "legal_text"],
                condition=Q(withdrawn_at=None),
                name="one_standing_consent_per_text",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")),
                name="consent_is_withdrawn_after_it_was_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]}, {self.organization_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError
