"""The database itself refuses to rewrite published texts and given consents.

A model's ``save`` can be gone around, by a bulk update or by hand; a trigger cannot. The triggers
are made after every migration, since SQLite loses those of a table that a migration rebuilds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PUBLISHED_PARENT: Final = (
    "EXISTS (SELECT 1 FROM accounts_legalversion AS version"
    " WHERE version.id = {row}.version_id AND version.published_at IS NOT NULL)"
)
OF_OLD: Final = PUBLISHED_PARENT.format(row="OLD")
OF_NEW: Final = PUBLISHED_PARENT.format(row="NEW")
FIXED_COLUMNS: Final = ("id", "legal_text_id", "sha256", "interface_language", "given_at")
CONSENT_IS_REWRITTEN: Final = " OR ".join(
    (
        *(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FIXED_COLUMNS),
        # Who it was may be forgotten, never exchanged.
        *(
            f"(NEW.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})"
            for name in ("person_id", "organization_id")
        ),
        "(NEW.capacity <> OLD.capacity AND NOT (NEW.capacity = '' AND NEW.person_id IS NULL))",
        "(OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)",
    )
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Before ``event`` on a row of ``table``: refused with ``sentence`` when ``condition`` holds."""

    name: str
    table: str
    event: str
    condition: str
    sentence: str


PUBLISHED: Final = "a published legal text never changes"
GIVEN: Final = "a consent is never rewritten"
GUARDS: Final = (
    Guard("legal_version_stays", "accounts_legalversion", "UPDATE",
          "OLD.published_at IS NOT NULL", PUBLISHED),
    Guard("legal_version_is_kept", "accounts_legalversion", "DELETE",
          "OLD.published_at IS NOT NULL", PUBLISHED),
    Guard("legal_text_is_not_added", "accounts_legaltext", "INSERT", OF_NEW, PUBLISHED),
    Guard("legal_text_stays", "accounts_legaltext", "UPDATE", f"{OF_OLD} OR {OF_NEW}", PUBLISHED),
    Guard("legal_text_is_kept", "accounts_legaltext", "DELETE", OF_OLD, PUBLISHED),
    Guard("consent_stays", "accounts_consent", "UPDATE", CONSENT_IS_REWRITTEN, GIVEN),
    Guard("consent_is_kept", "accounts_consent", "DELETE", "1 = 1", GIVEN),
)  # fmt: skip


def set_guards(connection: BaseDatabaseWrapper, guards: Sequence[Guard] = GUARDS) -> None:
    """Every guard whose table exists is in the database; those already there are left alone."""
    tables = set(connection.introspection.table_names())
    wanted = [each for each in guards if each.table in tables]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        standing = _names_of_triggers(connection, cursor)
        for guard in wanted:
            if guard.name not in standing:
                for statement in _statements(connection.vendor, guard):
                    cursor.execute(statement)


def lift_guards(connection: BaseDatabaseWrapper, guards: Sequence[Guard] = GUARDS) -> None:
    """The database refuses nothing of this any more: for tests, which empty their tables."""
    with connection.cursor() as cursor:
        for guard in guards:
            place = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}{place}")


def _names_of_triggers(connection: BaseDatabaseWrapper, cursor: Any) -> set[str]:
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
        )
    else:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    return {row[0] for row in cursor.fetchall()}


def _statements(vendor: str, guard: Guard) -> list[str]:
    head = f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} FOR EACH ROW"
    if vendor != "postgresql":
        refusal = f"SELECT RAISE(ABORT, '{guard.sentence}')"
        return [f"{head} WHEN {guard.condition} BEGIN {refusal}; END"]
    kept = "OLD" if guard.event == "DELETE" else "NEW"
    # The condition stands in a function: PostgreSQL allows no subquery in a trigger's WHEN.
    function = (
        f"CREATE OR REPLACE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {guard.condition} THEN RAISE EXCEPTION '{guard.sentence}'"
        f" USING ERRCODE = 'check_violation'; END IF; RETURN {kept}; END $$"
    )
    return [function, f"{head} EXECUTE FUNCTION {guard.name}()"]
