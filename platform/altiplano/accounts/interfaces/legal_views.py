"""Legal documents for everybody: the texts, their history, and what changed between versions."""

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from altiplano.accounts import consent_queries as queries
from altiplano.accounts.consent_models import LegalText, LegalVersion
from altiplano.accounts.consent_queries import PublicDocument, text_for_reader
from altiplano.accounts.legal_differences import compare_texts, is_changed
from altiplano.kernel.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Row:
    """A version in a document's history, with its words in the reader's language."""

    version: LegalVersion
    text: LegalText
    is_in_force: bool
    is_coming: bool


@require_safe
def list_documents(request: HttpRequest) -> HttpResponse:
    """Every document that has anything public, with the version in force and the one to come."""
    return render(request, "accounts/legal_list.html", {"documents": queries.public_documents()})


@require_safe
def show_document(request: HttpRequest, document: str) -> HttpResponse:
    """The version in force, or the first one that will be."""
    public = queries.public_document(document)
    return _show(request, public, queries.public_version(document, str(public.shown.number)))


@require_safe
def show_version(request: HttpRequest, document: str, number: str) -> HttpResponse:
    """Exactly this version, for as long as the platform stands."""
    version = queries.public_version(document, number)
    return _show(request, queries.public_document(document), version)


def _show(request: HttpRequest, public: PublicDocument, version: LegalVersion) -> HttpResponse:
    text = text_for_reader(version, request.GET.get("language", ""))
    context = {
        "public": public,
        "version": version,
        "text": text,
        "languages": [each.language for each in version.texts.all()],
        "is_in_force": version == public.in_force,
        "history": [
            Row(
                each,
                text_for_reader(each, text.language),
                each == public.in_force,
                _is_ahead(each, public),
            )
            for each in public.versions
        ],
    }
    return render(request, "accounts/legal_version.html", context)


def _is_ahead(version: LegalVersion, public: PublicDocument) -> bool:
    return version.effective_at is not None and version.effective_at > public.at


@require_safe
def show_changes(request: HttpRequest, document: str, number: str) -> HttpResponse:
    """What this version says otherwise than an earlier one, by default the one before."""
    public = queries.public_document(document)
    after = queries.public_version(document, number)
    earlier = [each for each in public.versions if each.number < after.number]
    if not earlier:
        raise NotFoundError(_("This is the first version; there is nothing to compare it with."))
    before = queries.public_version(document, request.GET.get("from") or str(earlier[0].number))
    text = text_for_reader(after, request.GET.get("language", ""))
    was = text_for_reader(before, text.language)
    paragraphs = compare_texts(was.exact_text, text.exact_text)
    context = {
        "public": public,
        "before": before,
        "after": after,
        "text": text,
        "was": was,
        "languages": [each.language for each in after.texts.all()],
        "earlier": earlier,
        "paragraphs": paragraphs,
        "changed": sum(map(is_changed, paragraphs)),
    }
    return render(request, "accounts/legal_changes.html", context)


@require_safe
def download_text(request: HttpRequest, document: str, number: str, language: str) -> HttpResponse:
    """The exact characters that were hashed, so that anybody can check the sum."""
    version = queries.public_version(document, number)
    text = next((each for each in version.texts.all() if each.language == language), None)
    if text is None or language not in dict(settings.LANGUAGES):
        raise NotFoundError(_("There is no such version of a legal document."))
    name = quote(f"{document}-{version.number}-{language}.txt")
    return HttpResponse(
        text.exact_text.encode(),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
