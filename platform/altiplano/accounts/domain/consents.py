"""Organizations accept legal texts, through a person who may bind them, and take that back."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import Consent, LegalText, LegalVersion
from altiplano.accounts.consent_queries import standings_of
from altiplano.accounts.consent_rules import version_in_force
from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import Organization, User
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from altiplano.kernel.naming import read_name

MAX_CAPACITY_CHARS = 120


@dataclass(frozen=True, slots=True)
class MissingConsent:
    """The version that an organization has to accept, by what people and programs call it."""

    document: str
    version: int
    titles: Mapping[str, str]

    @property
    def language(self) -> str:
        """The language in which the reader is asked: their own, where there is such a text."""
        wanted = (get_language() or "", "en", *sorted(self.titles))
        return next(each for each in wanted if each in self.titles)

    @property
    def title(self) -> str:
        return self.titles[self.language]

    @property
    def url(self) -> str:
        return reverse("accounts:legal-version", args=[self.document, self.version])

    @classmethod
    def of(cls, version: LegalVersion) -> "MissingConsent":
        titles = {each.language: each.title for each in version.texts.all()}
        return cls(version.document.slug, version.number, titles)


class ConsentNeededError(NotAllowedError):
    """Something has to be accepted first; says exactly what, in the reader's language."""

    code = "consent_needed"

    def __init__(self, *, missing: Sequence[MissingConsent]) -> None:
        super().__init__(
            _(
                "Your organization has not accepted “%(title)s”, version %(version)s "
                "(%(language)s). An owner can accept it for the organization."
            )
        )
        self.missing = tuple(missing)

    @property
    def message(self) -> str:
        first = self.missing[0]
        return str(self._message) % {
            "title": first.title,
            "version": first.version,
            "language": get_language_info(first.language)["name_translated"],
        }

    @property
    def extra(self) -> Mapping[str, object]:
        """The first that is missing, and under ``missing`` all of them."""
        each = [
            {
                "document": one.document,
                "version": one.version,
                "language": one.language,
                "url": one.url,
            }
            for one in self.missing
        ]
        return {**each[0], "missing": each}

    @property
    def remedy(self) -> str:
        return reverse("accounts:consents")


def require_consent(organization_id: uuid.UUID, purpose: str) -> None:
    """Return when the organization has accepted all that the purpose needs.

    That is every version in force of the documents that name the purpose; where nothing of the kind
    is published, nothing is needed. Raises ConsentNeededError.
    """
    missing = [
        MissingConsent.of(each.missing)
        for each in standings_of(organization_id, purpose=purpose)
        if each.missing is not None
    ]
    if missing:
        raise ConsentNeededError(missing=missing)


def give_consent(
    *,
    principal: Principal,
    text_id: object,
    sha256: str,
    capacity: str,
    has_authority: bool,
) -> Consent:
    """The organization has accepted this text, through the owner who did it, in person.

    Giving the same consent twice answers the first. Raises NotAllowedError for everybody else,
    InvalidInputError without a capacity or the word that one may bind the organization,
    ConflictError when the text is no longer the one that was read.
    """
    _require_binding_person(principal)
    capacity = _read_capacity(capacity)
    if not has_authority:
        raise InvalidInputError(
            _("Say that you may bind your organization; otherwise ask someone who may."),
            code="authority_needed",
            fields={"has_authority": _("needed")},
        )
    with transaction.atomic():
        # One at a time for an organization, so that a form that was sent twice counts once.
        Organization.objects.select_for_update().get(id=principal.organization_id)
        text = _text_to_accept(text_id, sha256)
        standing = Consent.objects.within(principal.organization_id).filter(
            legal_text=text, withdrawn_at=None
        )
        if (same := standing.first()) is not None:
            return same
        consent = Consent.unscoped.create(
            organization_id=principal.organization_id,
            person_id=principal.user_id,
            capacity=capacity,
            legal_text=text,
            sha256=text.sha256,
            interface_language=(get_language() or "en")[:5],
        )
        _record(principal, "consent.given", consent)
    return consent


def withdraw_consent(*, principal: Principal, consent_id: object) -> Consent:
    """The consent no longer counts; that it was given stays on record. Twice changes nothing."""
    _require_binding_person(principal)
    with transaction.atomic():
        consent = Consent.objects.get_within(principal.organization_id, consent_id)
        taken_back = Consent.objects.within(principal.organization_id).filter(
            pk=consent.pk, withdrawn_at=None
        )
        if taken_back.update(withdrawn_at=max(timezone.now(), consent.given_at)):
            _record(principal, "consent.withdrawn", consent)
        consent.refresh_from_db()
    return consent


def forget_person(user: User) -> None:
    """The consents that the person gave still bind their organizations, and no longer name them."""
    Consent.unscoped.filter(person=user).update(person=None, capacity="")


def forget_organization(organization_id: uuid.UUID) -> None:
    """What is left of the organization's consents is what was accepted, and when."""
    Consent.objects.within(organization_id).update(organization=None, person=None, capacity="")


def _require_binding_person(principal: Principal) -> None:
    principal.require("manage")
    if principal.stand_in is not None:
        raise NotAllowedError(
            _("Nobody can accept or withdraw anything in someone else's place."),
            code="person_required",
        )


def _read_capacity(raw: str) -> str:
    try:
        return read_name(raw, maximum=MAX_CAPACITY_CHARS)
    except InvalidInputError as error:
        raise InvalidInputError(
            _("Say in which capacity you accept, such as “director”."),
            fields={"capacity": _("needed, in at most 120 characters")},
        ) from error


def _text_to_accept(text_id: object, sha256: str) -> LegalText:
    """The text, if it is public, not superseded, and still what was read."""
    texts = LegalText.objects.select_related("version__document")
    try:
        text = texts.get(pk=uuid.UUID(str(text_id)), version__published_at__isnull=False)
    except (LegalText.DoesNotExist, ValueError):
        raise NotFoundError(_("There is no such version of a legal document.")) from None
    if text.sha256 != sha256:
        raise ConflictError(
            _("This is not the text that you have read; read it again."), code="text_changed"
        )
    published = text.version.document.versions.filter(published_at__isnull=False)
    current = version_in_force(published, timezone.now())
    if current is not None and text.version.number < current.number:
        raise ConflictError(
            _("A newer version is in force; read and accept that one."), code="text_superseded"
        )
    return text


def _record(principal: Principal, action: str, consent: Consent) -> None:
    text = consent.legal_text
    record_event(
        principal=principal,
        organization_id=principal.organization_id,
        action=action,
        object_type="consent",
        object_id=consent.id,
        data={
            "title": text.title,
            "version": text.version.number,
            "language": text.language,
            "sha256": consent.sha256,
            "capacity": consent.capacity,
        },
    )
