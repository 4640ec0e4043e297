"""Dates that nobody takes for another day."""

from datetime import UTC, datetime

import pytest
from django.utils.formats import date_format
from django.utils.translation import override

MOMENT = datetime(2026, 3, 4, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("en", "SHORT_DATE_FORMAT", "4 Mar 2026"),
        ("en", "SHORT_DATETIME_FORMAT", "4 Mar 2026, 15:07"),
        ("en", "DATE_FORMAT", "4 March 2026"),
        ("en", "DATETIME_FORMAT", "4 March 2026, 15:07"),
        ("en", "TIME_FORMAT", "15:07"),
        ("fr", "SHORT_DATE_FORMAT", "04/03/2026"),
        ("fr", "DATETIME_FORMAT", "4 mars 2026 à 15:07"),
    ],
)
def test_date_is_written_as_the_language_reads_it(language, name, text):
    with override(language):
        assert date_format(MOMENT, name) == text
