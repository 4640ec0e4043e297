"""ALT5xx: what a release owes to the apps that run on the one before it."""

from typing import Final

from altiplano_sdk.manifest import MANIFEST_NAME
from altiplano_sdk.packaging.findings import Severity
from altiplano_sdk.packaging.rulebook.rule import Example, Rule

_SCHEMA: Final = "schemas/guard.json"
_DESCRIBED: Final = (
    '{"type": "object", "properties": {"words": {"type": "string", "description": "Words."}}}'
)


def _lines(text: str) -> Example:
    return Example(MANIFEST_NAME, text)


def _schema(text: str) -> Example:
    return Example(_SCHEMA, text)


BAD_SCHEMA: Final = Rule(
    "ALT501",
    "The configuration is an object with fields",
    "The form in the builder is drawn from the schema, and what owners enter is checked by it, in "
    "the portal itself: it must be checked soon, and fetch nothing.",
    "Let `Config` be a pydantic model whose fields have plain types, and whose patterns are short: "
    "from `^`, with no repeated group, and with a `max_length` beside them.",
    bad=_schema('{"type": "array"}'),
    good=_schema(_DESCRIBED),
)
UNDESCRIBED_FIELD: Final = Rule(
    "ALT502",
    "Each field says what it is for",
    "The description stands below the field in the builder.",
    'Write Field(description="...") with one sentence.',
    bad=_schema('{"type": "object", "properties": {"words": {"type": "string"}}}'),
    good=_schema(_DESCRIBED),
)
VERSION_NOT_GREATER: Final = Rule(
    "ALT503",
    "A release is newer than the last",
    "Apps are pinned to a release; one number has one content, for ever.",
    "Raise the version.",
    bad=_lines('version = "1.0.0"  # the last release is 1.0.0'),
    good=_lines('version = "1.1.0"  # the last release is 1.0.0'),
)
CONTRACT_LOWERED: Final = Rule(
    "ALT504",
    "The contract only grows",
    "A release for an older contract would take the plugin away from newer platforms.",
    "Keep the contract of the last release.",
    bad=_lines("contract = 1  # the last release had 2"),
    good=_lines("contract = 1  # the last release had 1"),
)
MIGRATIONS_CHANGED: Final = Rule(
    "ALT505",
    "Migrations are only added",
    "Stored configurations were moved by the old list; changing it forgets where they came from.",
    "Put back the migrations of the last release, and add new ones behind them.",
    bad=_lines("# config_migrations of the last release are gone"),
    good=_lines('[[config_migrations]]\nto = "1.0.0"\nkind = "guard"\nremove = ["old"]'),
)
MIGRATION_AHEAD: Final = Rule(
    "ALT506",
    "Migrations lead to releases that exist",
    "A migration to a later release, or for a kind that is not provided, never runs.",
    "Let `to` be the version in which the configuration changes.",
    bad=_lines('[[config_migrations]]\nto = "9.0.0"\nkind = "guard"\nremove = ["old"]'),
    good=_lines('[[config_migrations]]\nto = "1.1.0"\nkind = "guard"\nremove = ["old"]'),
)
FIELD_GONE: Final = Rule(
    "ALT507",
    "Stored configurations stay right",
    "Apps hold configurations that the last release accepted. After an upgrade each must still "
    "be one, or their owners find broken apps.",
    "Add a [[config_migrations]] that renames, removes or sets the field.",
    bad=_schema(
        '{"type": "object", "required": ["level"], "properties": '
        '{"level": {"type": "integer", "description": "Level."}}}'
    ),
    good=_schema(_DESCRIBED),
)
IDENTITY_CHANGED: Final = Rule(
    "ALT508",
    "A package stays what it is",
    "Pipelines name the package by its id and the kinds they use of it.",
    "Keep the id and the kinds; publish something else under another id.",
    bad=_lines('[[provides]]\nkind = "tool"\nentry = "glossary_guard:GlossaryGuard"'),
    good=_lines('[[provides]]\nkind = "guard"\nentry = "glossary_guard:GlossaryGuard"'),
)
NARROWED: Final = Rule(
    "ALT509",
    "What was allowed stays allowed",
    "A stored configuration outside the new bounds stops its app at the upgrade, until its owner "
    "has mended it. No migration can do that for them.",
    "Keep the bounds of the last release, or let the code bend what lies outside.",
    bad=_schema(
        '{"type": "object", "properties": '
        '{"words": {"type": "string", "maxLength": 10, "description": "Words."}}}'
    ),
    good=_schema(_DESCRIBED),
    severity=Severity.WARNING,
)

RELEASE_RULES: Final = (
    BAD_SCHEMA,
    UNDESCRIBED_FIELD,
    VERSION_NOT_GREATER,
    CONTRACT_LOWERED,
    MIGRATIONS_CHANGED,
    MIGRATION_AHEAD,
    FIELD_GONE,
    IDENTITY_CHANGED,
    NARROWED,
)
