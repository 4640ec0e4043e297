"""Reads about legal documents, and what of them an organization has accepted."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import Consent, LegalDocument, LegalText, LegalVersion
from altiplano.accounts.consent_rules import coming_version, missing_version, version_in_force
from altiplano.kernel.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class PublicDocument:
    """A document with what of it is public; ``versions`` begin with the newest."""

    document: LegalDocument
    versions: tuple[LegalVersion, ...]
    at: datetime

    @property
    def in_force(self) -> LegalVersion | None:
        return version_in_force(self.versions, self.at)

    @property
    def shown(self) -> LegalVersion:
        """What a reader means by the document: the version in force, or else the newest."""
        return self.in_force or self.versions[0]

    @property
    def coming(self) -> LegalVersion | None:
        """The newest version, while it is announced and not in force."""
        return None if self.versions[0] == self.in_force else self.versions[0]

    @property
    def title(self) -> str:
        return text_for_reader(self.shown).title


@dataclass(frozen=True, slots=True)
class Standing:
    """How an organization stands to a document: what it must accept now, and what it will have to."""

    public: PublicDocument
    missing: LegalVersion | None
    coming: LegalVersion | None


def public_documents(*, at: datetime | None = None) -> list[PublicDocument]:
    """All that have anything public, by kind and short name, without their texts' words. 2 queries."""
    titles = Prefetch("texts", LegalText.objects.defer("text").order_by("language"))
    published = (
        LegalVersion.objects.filter(published_at__isnull=False)
        .select_related("document")
        .prefetch_related(titles)
        .order_by("document__kind", "document__slug", "-number")
    )
    moment = at or timezone.now()
    found: dict[LegalDocument, list[LegalVersion]] = defaultdict(list)
    for version in published:
        found[version.document].append(version)
    return [PublicDocument(each, tuple(rows), moment) for each, rows in found.items()]


def public_document(slug: str) -> PublicDocument:
    """Raises NotFoundError for what has nothing public."""
    for each in public_documents():
        if each.document.slug == slug:
            return each
    raise NotFoundError(_("There is no such legal document."))


def public_version(slug: str, number: str) -> LegalVersion:
    """A published version with its texts whole. Raises NotFoundError, also for what is a draft."""
    if number.isascii() and number.isdigit() and len(number) < 10:
        versions = LegalVersion.objects.filter(
            document__slug=slug, number=int(number), published_at__isnull=False
        )
        found = versions.select_related("document").prefetch_related("texts").first()
        if found is not None:
            return found
    raise NotFoundError(_("There is no such version of a legal document."))


def text_for_reader(version: LegalVersion, language: str = "") -> LegalText:
    """The version in that language, else in the reader's, else in English, else in any."""
    texts = {each.language: each for each in version.texts.all()}
    for wanted in (language, get_language() or "", "en"):
        if wanted in texts:
            return texts[wanted]
    return texts[min(texts)]


def standings_of(
    organization_id: uuid.UUID, *, purpose: str = "", at: datetime | None = None
) -> list[Standing]:
    """To every public document that has a purpose, or to those with this one. 3 queries."""
    documents = [
        each
        for each in public_documents(at=at)
        if (purpose in each.document.purposes if purpose else each.document.purposes)
    ]
    if not documents:
        return []
    accepted: dict[uuid.UUID, set[int]] = defaultdict(set)
    standing = Consent.objects.within(organization_id).filter(withdrawn_at=None)
    for document_id, number in standing.values_list(
        "legal_text__version__document_id", "legal_text__version__number"
    ):
        accepted[document_id].add(number)
    return [
        Standing(
            each,
            missing_version(each.versions, accepted[each.document.id], each.at),
            coming_version(each.versions, accepted[each.document.id], each.at),
        )
        for each in documents
    ]


def consents_of(organization_id: uuid.UUID) -> QuerySet[Consent]:
    """All that the organization ever gave, the newest first, with what each accepted."""
    return (
        Consent.objects.within(organization_id)
        .select_related("organization", "person", "legal_text__version__document")
        .defer("legal_text__text", "legal_text__change_summary")
        .order_by("-given_at", "-id")
    )
