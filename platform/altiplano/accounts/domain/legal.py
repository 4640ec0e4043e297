"""Staff write legal documents as drafts and publish them, version after version."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import (
    LegalDocument,
    LegalKind,
    LegalText,
    LegalVersion,
    Purpose,
)
from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.kernel.errors import ConflictError

if TYPE_CHECKING:
    from altiplano.kernel.sentences import Text

TEMPLATES = Path(__file__).parent.parent / "legal_texts"
TEMPLATE_MARKS = ("[TEMPLATE", "[MODÈLE")
"""With these words our own texts say that counsel has not read them."""

SHIPPED: dict[str, tuple[str, tuple[str, ...]]] = {
    "model-licence": (LegalKind.LICENCE, (Purpose.PUBLISH_APP, Purpose.ENTER_CHALLENGE)),
    "acceptable-use": (LegalKind.ACCEPTABLE_USE, (Purpose.PUBLISH_APP, Purpose.ENTER_CHALLENGE)),
    "challenge-rules": (LegalKind.RULES, (Purpose.ENTER_CHALLENGE,)),
    "privacy": (LegalKind.PRIVACY, ()),
}


def ensure_templates() -> int:
    """Each text that we ship is there, as a draft that binds nobody; how many were not yet."""
    made = 0
    for slug, (kind, purposes) in SHIPPED.items():
        with transaction.atomic():
            document, is_new = LegalDocument.objects.get_or_create(
                slug=slug, defaults={"kind": kind, "purposes": list(purposes)}
            )
            if is_new:
                begin_version(document=document, actor=None)
                made += 1
    return made


def begin_version(*, document: LegalDocument, actor: User | None) -> LegalVersion:
    """A draft of the next version, with the words of the last one, or of our template, or none.

    Raises ConflictError while there is a draft.
    """
    with transaction.atomic():
        versions = LegalDocument.objects.select_for_update().get(pk=document.pk).versions
        if versions.filter(published_at=None).exists():
            raise ConflictError(
                _("There is a draft already; publish or discard it first."), code="draft_exists"
            )
        last = versions.order_by("-number").first()
        number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
        version = LegalVersion.objects.create(document=document, number=number, supersedes=last)
        for text in _first_words(version, last):
            text.save()
        _record(actor, "legal.version_begun", version)
    return version


def publish_version(*, version: LegalVersion, actor: User) -> LegalVersion:
    """Everybody can read the version, and it takes effect now or when it says; it never changes.

    Raises ConflictError for what is published, has an empty text, still says that it is a
    template, does not say what changed, or changes nothing.
    """
    with transaction.atomic():
        LegalDocument.objects.select_for_update().get(pk=version.document_id)
        draft = LegalVersion.objects.select_related("document").get(pk=version.pk)
        if draft.published_at is not None:
            raise ConflictError(_("This version is published already."), code="is_published")
        _check_texts(draft)
        now = timezone.now()
        draft.published_at = now
        draft.effective_at = _moment_of_effect(now, draft)
        draft.save()
        _record(actor, "legal.version_published", draft)
    return draft


def discard_draft(*, version: LegalVersion, actor: User) -> None:
    """The draft is gone; its number is given to the next. Raises ConflictError once published."""
    with transaction.atomic():
        draft = LegalVersion.objects.select_related("document").get(pk=version.pk)
        if draft.published_at is not None:
            raise ConflictError(_("This version is published already."), code="is_published")
        _record(actor, "legal.draft_discarded", draft)
        draft.delete()


def read_template(path: Path) -> tuple[str, str]:
    """Title and text of a file that begins with ``# Title``."""
    head, _line, text = path.read_text(encoding="utf-8").partition("\n")
    return head.removeprefix("# ").strip(), text.strip()


def _first_words(version: LegalVersion, last: LegalVersion | None) -> Iterable[LegalText]:
    if last is not None:
        for text in last.texts.all():
            yield LegalText(
                version=version, language=text.language, title=text.title, text=text.text
            )
        return
    for language in dict(settings.LANGUAGES):
        path = TEMPLATES / f"{version.document.slug}.{language}.md"
        title, words = read_template(path) if path.is_file() else ("", "")
        yield LegalText(version=version, language=language, title=title, text=words)


def _check_texts(draft: LegalVersion) -> None:
    texts = list(draft.texts.order_by("language"))
    previous = draft.supersedes
    before = {each.language: each.sha256 for each in previous.texts.all()} if previous else {}
    for text in texts:
        if not (text.title and text.text):
            _refuse(_("The text in the language “%(language)s” is empty."), text, "text_is_empty")
        if any(mark in text.text for mark in TEMPLATE_MARKS):
            _refuse(
                _(
                    "The text in the language “%(language)s” still says that it is a template; "
                    "let counsel read it, then take that line out."
                ),
                text,
                "text_is_template",
            )
        if previous and not text.change_summary.strip():
            _refuse(
                _("Say in the language “%(language)s” what changed."), text, "summary_is_missing"
            )
    if not texts or before == {each.language: each.sha256 for each in texts}:
        raise ConflictError(
            _("Nothing is different from the version before."), code="nothing_changed"
        )


def _refuse(sentence: Text, text: LegalText, code: str) -> None:
    raise ConflictError(sentence, params={"language": text.language}, code=code)


def _moment_of_effect(now: datetime, draft: LegalVersion) -> datetime:
    """As wanted, but never before now, and never before the version that it takes the place of.

    So versions take effect in their order, and none cuts short the grace of another.
    """
    before = draft.supersedes.effective_at if draft.supersedes else None
    return max(each for each in (now, draft.effective_at, before) if each is not None)


def _record(actor: User | None, action: str, version: LegalVersion) -> None:
    record_event(
        principal=None,
        actor=actor,
        organization_id=None,
        action=action,
        object_type="legal_version",
        object_id=version.id,
        data={
            "document": version.document.slug,
            "number": version.number,
            "sha256": {each.language: each.sha256 for each in version.texts.all()},
            "requires_reconsent": version.requires_reconsent,
            "effective_at": version.effective_at.isoformat() if version.effective_at else None,
        },
    )
