"""A loader for the hourly air quality files that France publishes, one station at a time.

The files hold every station of the country and twenty-three columns. What a person asks about is
one station: this loader keeps its rows and the columns that mean something to a reader.
"""

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from altiplano_sdk import Context, PermanentError, RetryableError, SourceFile
from altiplano_sdk.contracts import HttpClient

HOST = "object.infra.data.gouv.fr"
ADDRESS = (
    f"https://{HOST}/ineris-prod/lcsqa/"
    "concentrations-de-polluants-atmospheriques-reglementes/temps-reel/{day:%Y}/FR_E2_{day:%Y-%m-%d}.csv"
)
PIECE = 4 * 1024 * 1024
MOST_PIECES = 5
"""Bytes asked for at once, and how often for one day: the country's file has some megabytes."""
COLUMNS = {
    "Date de début": "hour",
    "nom site": "station",
    "Polluant": "pollutant",
    "valeur": "value",
    "unité de mesure": "unit",
}


class AirQualityConfig(BaseModel):
    """How much is brought at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_days: int = Field(
        default=7,
        ge=1,
        le=10,
        title="Days at most",
        description="A wish for more days is refused; each day is one file of its own.",
    )


class Wish(BaseModel):
    """The reference: a station's code, a first day and how many days."""

    model_config = ConfigDict(extra="forbid", strict=False)

    station: str = Field(pattern=r"^FR\d{5}$")
    day: date
    days: int = Field(default=1, ge=1)


class AirQualityLoader:
    Config = AirQualityConfig

    def __init__(self, config: AirQualityConfig) -> None:
        self._most_days = config.most_days

    async def load(self, reference: Mapping[str, Any], ctx: Context) -> AsyncIterator[SourceFile]:
        """A table for each day on which the station measured something."""
        wish = self._read_wish(reference)
        if ctx.http is None:
            raise PermanentError(f"The host {HOST} was not granted.", code="not_granted")
        for offset in range(wish.days):
            day = wish.day + timedelta(days=offset)
            text = (await fetch_day(ctx.http, day)).decode("utf-8-sig", "replace")
            table = table_of_station(text, wish.station)
            if table:
                yield _as_file(f"air-{wish.station}-{day}.csv", table.encode())

    def _read_wish(self, reference: Mapping[str, Any]) -> Wish:
        try:
            wish = Wish.model_validate(dict(reference))
        except ValidationError as error:
            field = ".".join(map(str, error.errors()[0]["loc"])) or "the reference"
            raise PermanentError(
                f"A station such as FR04143 and a day such as 2026-01-31 are needed: see {field}."
            ) from error
        if wish.days > self._most_days:
            raise PermanentError(f"At most {self._most_days} days are brought at once.")
        return wish


async def fetch_day(http: HttpClient, day: date) -> bytes:
    """The file of the day, in pieces: it is larger than one answer may be."""
    body = b""
    for _ in range(MOST_PIECES):
        wanted = {"Range": f"bytes={len(body)}-{len(body) + PIECE - 1}"}
        answer = await http.request("GET", ADDRESS.format(day=day), headers=wanted)
        if answer.status >= 500 or answer.status == 429:
            raise RetryableError(f"data.gouv.fr cannot give the measurements of {day} now.")
        if answer.status == 200:
            return answer.body
        if answer.status == 416 and body:
            return body
        if answer.status != 206:
            raise PermanentError(f"There are no measurements of {day}.")
        body += answer.body
        if len(answer.body) < PIECE:
            return body
    raise PermanentError(f"The measurements of {day} are more than can be read.")


def table_of_station(text: str, station: str) -> str:
    """The station's rows with a reader's columns, by hour and pollutant; empty for no row."""
    rows = [
        [row.get(name) or "" for name in COLUMNS]
        for row in csv.DictReader(io.StringIO(text), delimiter=";")
        if row.get("code site") == station and row.get("valeur")
    ]
    if not rows:
        return ""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([list(COLUMNS.values()), *sorted(rows)])
    return written.getvalue()


def _as_file(name: str, content: bytes) -> SourceFile:
    with tempfile.NamedTemporaryFile(suffix=".csv", delete=False) as file:
        file.write(content)
    return SourceFile(name, "text/csv", Path(file.name), len(content))
