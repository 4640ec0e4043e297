"""ALT503 to ALT509: what a release owes to the apps that use the one before it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.reading import line_of_field
from altiplano_sdk.packaging.rulebook import releases as rules

_BOUNDS: Final = {
    "minimum": 1,
    "exclusiveMinimum": 1,
    "minLength": 1,
    "minItems": 1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "maxLength": -1,
    "maxItems": -1,
}
"""1 where a greater number allows less, -1 where a smaller one does."""

Schemas = Mapping[StageKind, Mapping[str, Any]]


def migration_findings(manifest: PackageManifest, text: str) -> Iterator[Finding]:
    """Steps of this manifest that can never be taken."""
    kinds = {provided.kind for provided in manifest.provides}
    for place, step in enumerate(manifest.config_migrations):
        line = line_of_field(text, "config_migrations", place, "to")
        if version_order(step.to) > version_order(manifest.version):
            message = f"{step.to} is later than this release, {manifest.version}."
            yield rules.MIGRATION_AHEAD.finding(message, line=line)
        if step.kind not in kinds:
            message = f"The package provides no {step.kind}."
            yield rules.MIGRATION_AHEAD.finding(message, line=line)


def release_findings(
    manifest: PackageManifest, text: str, previous: PackageManifest
) -> Iterator[Finding]:
    """What this manifest breaks of a promise that ``previous``, the last release, made."""
    if manifest.id != previous.id:
        message = f"The last release is of `{previous.id}`."
        yield rules.IDENTITY_CHANGED.finding(message, line=line_of_field(text, "id"))
        return
    gone = {p.kind for p in previous.provides} - {p.kind for p in manifest.provides}
    for kind in sorted(gone):
        message = f"The last release provides a {kind}; this one does not."
        yield rules.IDENTITY_CHANGED.finding(message, line=line_of_field(text, "provides", 0))
    if version_order(manifest.version) <= version_order(previous.version):
        message = f"{manifest.version} is not later than the last release, {previous.version}."
        yield rules.VERSION_NOT_GREATER.finding(message, line=line_of_field(text, "version"))
    if manifest.contract < previous.contract:
        message = f"The last release has contract {previous.contract}."
        yield rules.CONTRACT_LOWERED.finding(message, line=line_of_field(text, "contract"))
    kept = manifest.config_migrations[: len(previous.config_migrations)]
    if kept != previous.config_migrations:
        message = "The migrations of the last release are not at the head of the list."
        line = line_of_field(text, "config_migrations", 0)
        yield rules.MIGRATIONS_CHANGED.finding(message, line=line)
    for place, step in enumerate(manifest.config_migrations):
        added = place >= len(previous.config_migrations)
        if added and version_order(step.to) <= version_order(previous.version):
            message = f"A step to {step.to} never runs: {previous.version} is out already."
            line = line_of_field(text, "config_migrations", place, "to")
            yield rules.MIGRATION_AHEAD.finding(message, line=line)


def stored_config_findings(
    manifest: PackageManifest, schemas: Schemas, previous: PackageManifest, before: Schemas
) -> Iterator[Finding]:
    """Fields of the last release that stored configurations hold and this one cannot read."""
    for kind, old in before.items():
        if kind in schemas:
            yield from _kind_findings(manifest, kind, schemas[kind], previous, old)


def _kind_findings(
    manifest: PackageManifest,
    kind: StageKind,
    new: Mapping[str, Any],
    previous: PackageManifest,
    old: Mapping[str, Any],
) -> Iterator[Finding]:
    file = f"schemas/{kind}.json"
    old_fields, new_fields = _fields(old), _fields(new)
    # The most that a stored configuration can hold, and the least; both as this release sees them.
    moved = manifest.migrate_config(
        kind, {name: name for name in old_fields}, since=previous.version
    )
    least = manifest.migrate_config(kind, {}, since=previous.version)
    for name, was in moved.items():
        if was not in old_fields:
            continue
        if name not in new_fields:
            message = f"`{name}` is in stored configurations and in this release no more."
            yield rules.FIELD_GONE.finding(message, file=file)
        elif _is_narrower(_types(new_fields[name], new), _types(old_fields[was], old)):
            message = f"`{name}` has another type than in the last release."
            yield rules.FIELD_GONE.finding(message, file=file)
        elif bound := _narrowed(old_fields[was], new_fields[name]):
            message = f"`{name}` allows less than in the last release, by `{bound}`."
            yield rules.NARROWED.finding(message, file=file)
    kept = {name for name, was in moved.items() if was in _required(old)}
    for name in sorted(_required(new) - kept - set(least)):
        message = f"`{name}` is required, and stored configurations need not have it."
        yield rules.FIELD_GONE.finding(message, file=file)


def _is_narrower(new: set[str], old: set[str]) -> bool:
    """Whether something that fitted before does not fit now; no types are all types."""
    return bool(new) and (not old or bool(old - new))


def _narrowed(old: Any, new: Any) -> str:
    """The bound that leaves out something that the last release allowed; empty for none."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return ""
    for bound, sign in _BOUNDS.items():
        before, now = old.get(bound), new.get(bound)
        if isinstance(now, int | float) and (
            not isinstance(before, int | float) or sign * now > sign * before
        ):
            return bound
    before, now = old.get("enum"), new.get("enum")
    if isinstance(now, list) and not (
        isinstance(before, list) and all(choice in now for choice in before)
    ):
        return "enum"
    return "pattern" if "pattern" in new and new["pattern"] != old.get("pattern") else ""


def _fields(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = schema.get("properties")
    return fields if isinstance(fields, Mapping) else {}


def _required(schema: Mapping[str, Any]) -> set[str]:
    named = schema.get("required")
    return {name for name in named if isinstance(name, str)} if isinstance(named, list) else set()


def _types(field: Any, schema: Mapping[str, Any]) -> set[str]:
    """The JSON types the field may have; an integer is a number too. Empty when it says none."""
    if not isinstance(field, Mapping):
        return set()
    if isinstance(ref := field.get("$ref"), str):
        definitions = schema.get("$defs")
        name = ref.rpartition("/")[2]
        target = definitions.get(name) if isinstance(definitions, Mapping) else None
        return _types(target, {})
    options = field.get("anyOf") or field.get("oneOf")
    if isinstance(options, list):
        return set().union(*(_types(option, schema) for option in options))
    said = field.get("type", [])
    types = {said} if isinstance(said, str) else {name for name in said if isinstance(name, str)}
    return types | ({"integer"} if "number" in types else set())


def version_order(version: str) -> tuple[int, ...]:
    """Sorts versions as numbers."""
    return tuple(int(part) for part in version.split("."))
