"""Legal documents as staff would have made and published them."""

from datetime import datetime

from altiplano.accounts.consent_models import (
    Consent,
    LegalDocument,
    LegalKind,
    LegalText,
    LegalVersion,
    Purpose,
)
from altiplano.accounts.domain.consents import give_consent
from altiplano.accounts.domain.legal import begin_version, publish_version
from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal

WORDS = {
    "en": ("Acceptable use", "You may not deceive.\n\nSay that an AI answers."),
    "fr": ("Règles d\u2019utilisation", "Ne trompez pas.\n\nDites qu\u2019une IA répond."),
}


def publish_text(
    slug: str = "acceptable-use",
    *,
    added: str = "",
    purposes: tuple[str, ...] = (Purpose.PUBLISH_APP,),
    requires_reconsent: bool = True,
    effective_at: datetime | None = None,
) -> LegalVersion:
    """The document's next version in both languages, with ``added`` at the end of each text."""
    staff, _made = User.objects.get_or_create(email="staff@example.org", is_staff=True)
    document, _made = LegalDocument.objects.get_or_create(
        slug=slug, defaults={"kind": LegalKind.ACCEPTABLE_USE, "purposes": list(purposes)}
    )
    version = begin_version(document=document, actor=staff)
    LegalVersion.objects.filter(pk=version.pk).update(
        requires_reconsent=requires_reconsent, effective_at=effective_at
    )
    for text in version.texts.all():
        title, words = WORDS[text.language]
        text.title, text.text = title, words + added
        text.change_summary = "More is said." if version.supersedes else ""
        text.save()
    return publish_version(version=version, actor=staff)


def accept(
    principal: Principal, version: LegalVersion, language: str = "en", capacity: str = "director"
) -> Consent:
    text = LegalText.objects.get(version=version, language=language)
    return give_consent(
        principal=principal,
        text_id=text.id,
        sha256=text.sha256,
        capacity=capacity,
        has_authority=True,
    )
