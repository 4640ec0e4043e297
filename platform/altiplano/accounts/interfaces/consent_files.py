"""Consents as a file for a spreadsheet."""

from collections.abc import Iterable, Iterator

from django.http import HttpResponse
from django.utils.translation import gettext as _

from altiplano.accounts.consent_models import Consent
from altiplano.kernel.tables_as_text import (
    BYTE_ORDER_MARK,
    Row,
    separator_of_language,
    write_rows,
)


def consents_as_csv(consents: Iterable[Consent]) -> HttpResponse:
    """One line for each consent, with the checksum of the text that was accepted."""
    lines = write_rows([_headings(), *_rows(consents)], separator_of_language())
    return HttpResponse(
        (BYTE_ORDER_MARK + lines).encode(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="consents.csv"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _headings() -> Row:
    return (
        _("Organization"), _("Document"), _("Title"), _("Version"), _("Language"),
        _("SHA-256"), _("Accepted by"), _("In the capacity of"), _("Accepted (UTC)"),
        _("Withdrawn (UTC)"),
    )  # fmt: skip


def _rows(consents: Iterable[Consent]) -> Iterator[Row]:
    for each in consents:
        text = each.legal_text
        yield (
            str(each.organization or ""),
            text.version.document.slug,
            text.title,
            text.version.number,
            text.language,
            each.sha256,
            each.person.email if each.person else "",
            each.capacity,
            each.given_at.isoformat(),
            each.withdrawn_at.isoformat() if each.withdrawn_at else "",
        )
