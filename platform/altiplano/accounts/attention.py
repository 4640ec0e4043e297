"""What of legal texts waits for an organization's owners."""

import uuid
from collections.abc import Iterator

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from altiplano.accounts.consent_queries import standings_of, text_for_reader
from altiplano.kernel.attention import Attention


def texts_to_accept(organization_id: uuid.UUID, scopes: frozenset[str]) -> Iterator[Attention]:
    """A line for each document that is missing, and for each that will be when it takes effect."""
    if "manage" not in scopes:
        return
    for standing in standings_of(organization_id):
        address = reverse("accounts:consents")
        if standing.missing is not None:
            sentence = _("“%(title)s”, version %(version)s, is not accepted yet.")
            yield Attention(
                sentence
                % {
                    "title": text_for_reader(standing.missing).title,
                    "version": standing.missing.number,
                },
                address,
                _("Read and accept"),
            )
        if standing.coming is not None:
            sentence = _("From %(day)s on, “%(title)s”, version %(version)s, has to be accepted.")
            yield Attention(
                sentence
                % {
                    "title": text_for_reader(standing.coming).title,
                    "version": standing.coming.number,
                    "day": date_format(
                        standing.coming.effective_at or standing.public.at, "DATE_FORMAT"
                    ),
                },
                address,
                _("Read and accept"),
                urgency=2,
            )
