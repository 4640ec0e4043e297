import asyncio
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from air_quality_csv import (
    ADDRESS,
    HOST,
    PIECE,
    AirQualityConfig,
    AirQualityLoader,
    fetch_day,
    table_of_station,
)

from altiplano_sdk import Context, HttpResponse, PermanentError, PluginError, RetryableError
from altiplano_sdk.testing.capabilities import StubHttp, StubLog
from altiplano_sdk.testing.ledger import Ledger

SAMPLE = files("air_quality_csv").joinpath("samples/FR_E2_2026-01-31.csv").read_bytes()
DAY = date(2026, 1, 31)


def load(reference: dict[str, Any], answer: HttpResponse | None = None) -> list[str]:
    """The content of every file that is brought."""
    url = ADDRESS.format(day=DAY)
    prepared = {url: answer or HttpResponse(200, {}, SAMPLE)}
    ctx = Context(log=StubLog(), http=StubHttp(Ledger(), [HOST], prepared))

    async def run() -> list[str]:
        loader = AirQualityLoader(AirQualityConfig(most_days=3))
        brought = []
        async for source in loader.load(reference, ctx):
            brought.append(source.path.read_text(encoding="utf-8"))
            source.path.unlink()
        return brought

    return asyncio.run(run())


def test_a_day_of_one_station_is_one_table():
    (table,) = load({"station": "FR99001", "day": "2026-01-31"})
    lines = table.splitlines()
    assert lines[0] == "hour,station,pollutant,value,unit"
    assert lines[1] == "2026/01/31 06:00:00,Exemple-Centre,NO2,29.2,µg-m3"
    assert "Exemple-Gare" not in table


def test_hours_without_a_value_are_left_out():
    table = table_of_station(SAMPLE.decode(), "FR99001")
    assert "08:00:00,Exemple-Centre,NO2" in table
    assert "08:00:00,Exemple-Centre,PM10" not in table


def test_a_station_that_measured_nothing_brings_no_file():
    assert load({"station": "FR00000", "day": "2026-01-31"}) == []


@pytest.mark.parametrize(
    ("reference", "answer", "error", "said"),
    [
        ({"station": "Paris", "day": "2026-01-31"}, None, PermanentError, "see station"),
        ({"station": "FR99001", "day": "soon"}, None, PermanentError, "see day"),
        ({"station": "FR99001", "day": "2026-01-31", "days": 9}, None, PermanentError, "At most 3"),
        (
            {"station": "FR99001", "day": "2026-01-31"},
            HttpResponse(404, {}, b""),
            PermanentError,
            "no measurements",
        ),
        (
            {"station": "FR99001", "day": "2026-01-31"},
            HttpResponse(503, {}, b""),
            RetryableError,
            "cannot give",
        ),
    ],
)
def test_what_cannot_be_brought_is_told_in_a_sentence(
    reference: dict[str, Any], answer: HttpResponse | None, error: type[PluginError], said: str
):
    with pytest.raises(error, match=said):
        load(reference, answer)


class PiecewiseHost:
    """Gives what is asked for of ``content`` and no more, as large files are given."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> HttpResponse:
        self.asked.append(headers["Range"])
        first, last = map(int, headers["Range"].removeprefix("bytes=").split("-"))
        piece = self.content[first : last + 1]
        return HttpResponse(206 if piece else 416, {}, piece)


@pytest.mark.parametrize(
    ("size", "requests"), [(10, 1), (PIECE, 2), (PIECE + 1, 2), (2 * PIECE, 3)]
)
def test_large_files_come_in_pieces(size: int, requests: int):
    host = PiecewiseHost(b"x" * size)
    assert len(asyncio.run(fetch_day(host, DAY))) == size
    assert len(host.asked) == requests


def test_a_file_without_end_is_refused():
    with pytest.raises(PermanentError, match="more than can be read"):
        asyncio.run(fetch_day(PiecewiseHost(b"x" * 6 * PIECE), DAY))
