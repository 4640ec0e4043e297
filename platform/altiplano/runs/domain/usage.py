"""Runs that are over are counted, together with what ended them.

The counts are raised in the transaction that ends the runs, one statement for each table however
many runs there are. Rows are written in the order of their keys: two workers cannot wait for each
other.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connections, router
from django.db.models import F

from altiplano.runs.first_words import column_of
from altiplano.runs.models import Run, RunState, Verdict
from altiplano.runs.usage_models import AppUsage, PersonUsage, UsageCounts

ROWS_PER_STATEMENT: Final = 500

Key = tuple[Any, ...]
Counts = Counter[str]


@dataclass(frozen=True, slots=True)
class EndedRun:
    """What is counted of a run. ``first_word_ms`` is None when it said nothing."""

    organization_id: uuid.UUID
    app_id: uuid.UUID
    user_id: uuid.UUID | None
    door: str
    asked_at: datetime
    state: str
    is_abstained: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_word_ms: float | None = None


def ended_without_answer(run: Run) -> EndedRun:
    """A run that a worker never got to answer."""
    return EndedRun(
        organization_id=run.organization_id,
        app_id=run.app_id,
        user_id=run.user_id,
        door=run.door,
        asked_at=run.created_at,
        state=run.state,
    )


def count_runs(ended: Iterable[EndedRun]) -> None:
    """Each run is in the counts of its day, app, door and person. Call it where the runs end."""
    apps: dict[Key, Counts] = {}
    people: dict[Key, Counts] = {}
    for run in ended:
        day = run.asked_at.date()
        counts = Counter(
            asked=1,
            failed=run.state == RunState.FAILED,
            cancelled=run.state == RunState.CANCELLED,
            prompt_tokens=run.prompt_tokens,
            completion_tokens=run.completion_tokens,
        )
        place = (run.organization_id, day, run.app_id, run.door)
        app = apps.setdefault(place, Counter())
        app.update(counts, abstained=int(run.is_abstained))
        if run.first_word_ms is not None:
            app[column_of(run.first_word_ms)] += 1
        if run.user_id is not None:
            person = (run.organization_id, day, run.user_id)
            people.setdefault(person, Counter()).update(counts)
    _raise_counts(AppUsage, ("organization_id", "day", "app_id", "door"), apps)
    _raise_counts(PersonUsage, ("organization_id", "day", "user_id"), people)


def _raise_counts(
    model: type[UsageCounts], key: tuple[str, ...], raised: Mapping[Key, Counts]
) -> None:
    """Adds to the rows of these keys; a key without a row gets one.

    Django's upsert can only replace a value, so the statement is written here, in the dialect that
    PostgreSQL and SQLite share.
    """
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    meta = model._meta  # noqa: SLF001 - Django's documented API
    by_name = {field.attname: field for field in meta.concrete_fields if field.attname != "id"}
    values = tuple(name for name in by_name if name not in key)
    fields = [by_name[name] for name in (*key, *values)]
    table = quote(meta.db_table)
    columns = [quote(str(field.column)) for field in fields]
    sums = ", ".join(
        f"{column} = {table}.{column} + excluded.{column}" for column in columns[len(key) :]
    )
    row = f"({', '.join(['%s'] * len(columns))})"
    ordered = sorted(raised)
    for start in range(0, len(ordered), ROWS_PER_STATEMENT):
        keys = ordered[start : start + ROWS_PER_STATEMENT]
        parameters = [
            field.get_db_prep_value(value, connection)
            for each in keys
            for field, value in zip(
                fields, (*each, *(raised[each][name] for name in values)), strict=True
            )
        ]
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of our own columns
            f"VALUES {', '.join([row] * len(keys))} "
            f"ON CONFLICT ({', '.join(columns[: len(key)])}) DO UPDATE SET {sums}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)


def count_judgement(run: Run, *, before: str | None, after: str | None) -> None:
    """The verdict on a counted run changed from ``before`` to ``after``; None is no verdict."""
    if before == after:
        return
    columns = {Verdict.GOOD.value: "helpful", Verdict.BAD.value: "unhelpful"}
    changes = {columns[after]: F(columns[after]) + 1} if after else {}
    rows = AppUsage.objects.within(run.organization_id).filter(
        day=run.created_at.date(), app_id=run.app_id, door=run.door
    )
    if before:
        column = columns[before]
        rows = rows.filter(**{f"{column}__gt": 0})
        changes[column] = F(column) - 1
    rows.update(**changes)
