"""Consents as a file for a spreadsheet."""

from collections.abc import Iterator
from typing import Final

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from altiplano.accounts.consent_models import Consent
from altiplano.kernel.streamed_tables import stream_table
from altiplano.kernel.tables_as_text import Row

CONSENTS_AT_ONCE: Final = 1000


def consents_as_csv(consents: QuerySet[Consent]) -> StreamingHttpResponse:
    """One line for each consent, the newest first, with the checksum of the accepted text."""
    return stream_table(name="consents.csv", headings=_headings(), pieces=_pieces(consents))


def _headings() -> Row:
    return (
        _("Organization"), _("Document"), _("Title"), _("Version"), _("Language"),
        _("SHA-256"), _("Accepted by"), _("In the capacity of"), _("Accepted (UTC)"),
        _("Withdrawn (UTC)"),
    )  # fmt: skip


def _pieces(consents: QuerySet[Consent]) -> Iterator[list[Row]]:
    """Each piece begins below the last line of the one before, whatever was given meanwhile."""
    ordered = consents.order_by("-given_at", "-id")
    piece = list(ordered[:CONSENTS_AT_ONCE])
    while piece:
        yield [_row(each) for each in piece]
        last = piece[-1]
        below = Q(given_at__lt=last.given_at) | Q(given_at=last.given_at, id__lt=last.id)
        piece = list(ordered.filter(below)[:CONSENTS_AT_ONCE])


def _row(consent: Consent) -> Row:
    text = consent.legal_text
    return (
        str(consent.organization or ""),
        text.version.document.slug,
        text.title,
        text.version.number,
        text.language,
        consent.sha256,
        consent.person.email if consent.person else "",
        consent.capacity,
        consent.given_at.isoformat(),
        consent.withdrawn_at.isoformat() if consent.withdrawn_at else "",
    )
