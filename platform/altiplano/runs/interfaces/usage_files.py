"""Usage as CSV for spreadsheets. However long the table, a part of it at a time is in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.kernel.streamed_tables import stream_table
from altiplano.kernel.tables_as_text import Row
from altiplano.runs import usage
from altiplano.runs.periods import Period, Step
from altiplano.runs.usage import Amounts
from altiplano.runs.usage_models import Door

GONE: Final = _("deleted")
Words = dict[str, str]
"""Texts for the rows in the reader's language: a thread of the database knows none."""


@dataclass(frozen=True, slots=True)
class UsageFile:
    """A table: its headings, and its rows for an organization and a period, in parts."""

    headings: tuple[Promise | str, ...]
    rows: Callable[[Any, Period, Words], Iterator[list[Row]]]
    needs_owner: bool = False


COUNT_HEADINGS: Final = (
    _("Questions"), _("Answers"), _("Documents do not say"), _("Failed"), _("Stopped"),
    _("Tokens read"), _("Tokens written"),
)  # fmt: skip
JUDGEMENTS: Final = (_("Helpful"), _("Not helpful"))
FIRST_WORD: Final = _("Median to the first word, ms")


def _counts(amounts: Amounts) -> tuple[int, ...]:
    return (
        amounts.asked, amounts.answered, amounts.abstained, amounts.failed, amounts.cancelled,
        amounts.prompt_tokens, amounts.completion_tokens,
    )  # fmt: skip


def _judged(amounts: Amounts) -> tuple[int, ...]:
    return (*_counts(amounts), amounts.helpful, amounts.unhelpful)


def _rounded(milliseconds: float | None) -> object:
    return "" if milliseconds is None else round(milliseconds)


def _day_rows(organization_id: Any, period: Period, words: Words) -> Iterator[list[Row]]:
    yield [
        (each.span.first.isoformat(), *_judged(each.amounts), each.people)
        for each in usage.read_spans(organization_id, period, Step.DAY)
    ]


def _part_rows(name: str) -> Callable[[Any, Period, Words], Iterator[list[Row]]]:
    def rows(organization_id: Any, period: Period, words: Words) -> Iterator[list[Row]]:
        read = usage.read_usage(organization_id, period, with_people=False)
        parts = read.apps if name == "apps" else read.doors
        keys = [""] * len(parts) if name == "apps" else [door.value for door in Door]
        yield [
            (
                words.get(key) or part.name or words["gone"],
                *_judged(part.amounts),
                _rounded(part.amounts.median_ms),
            )
            for key, part in zip(keys, parts, strict=True)
        ]

    return rows


def _people_rows(organization_id: Any, period: Period, words: Words) -> Iterator[list[Row]]:
    for people in usage.all_people(organization_id, period):
        yield [
            (
                each.name or words["gone"],
                each.amounts.asked,
                each.amounts.answered,
                each.amounts.failed,
                each.amounts.cancelled,
                each.amounts.prompt_tokens,
                each.amounts.completion_tokens,
            )
            for each in people
        ]


def _detail_rows(organization_id: Any, period: Period, words: Words) -> Iterator[list[Row]]:
    for details in usage.all_details(organization_id, period):
        yield [
            (
                each.day.isoformat(),
                each.app or words["gone"],
                words[each.door],
                *_judged(each.amounts),
            )
            for each in details
        ]


FILES: Final = {
    "days": UsageFile(
        (_("Day (UTC)"), *COUNT_HEADINGS, *JUDGEMENTS, _("People who asked")), _day_rows
    ),
    "apps": UsageFile((_("App"), *COUNT_HEADINGS, *JUDGEMENTS, FIRST_WORD), _part_rows("apps")),
    "doors": UsageFile((_("Door"), *COUNT_HEADINGS, *JUDGEMENTS, FIRST_WORD), _part_rows("doors")),
    "people": UsageFile(
        (_("Person"), *COUNT_HEADINGS[:2], *COUNT_HEADINGS[3:]), _people_rows, needs_owner=True
    ),
    "details": UsageFile(
        (_("Day (UTC)"), _("App"), _("Door"), *COUNT_HEADINGS, *JUDGEMENTS), _detail_rows
    ),
}


def stream_csv(file: UsageFile, principal: Principal, period: Period) -> StreamingHttpResponse:
    """The table as a download, read while it is sent."""
    words = {door.value: str(door.label) for door in Door} | {"gone": str(GONE)}
    name = next(key for key, each in FILES.items() if each is file)
    return stream_table(
        name=f"usage-{name}-{period.first}-{period.last}.csv",
        headings=file.headings,
        pieces=file.rows(principal.organization_id, period, words),
    )
