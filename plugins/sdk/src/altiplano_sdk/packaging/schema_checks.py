"""ALT501 and ALT502: the JSON Schema that a configuration's form is drawn from."""

from collections.abc import Iterator, Mapping
from typing import Any

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import releases as rules


def schema_findings(kind: StageKind, schema: Mapping[str, Any]) -> Iterator[Finding]:
    """What keeps people from filling in the form of ``schema``."""
    file = f"schemas/{kind}.json"
    fields = schema.get("properties", {})
    if schema.get("type") != "object" or not isinstance(fields, Mapping):
        yield rules.BAD_SCHEMA.finding("The configuration is no object.", file=file)
        return
    for name, field in fields.items():
        text = field.get("description") if isinstance(field, Mapping) else None
        if not isinstance(text, str) or not text.strip():
            message = f"`{name}` does not say what it is for."
            yield rules.UNDESCRIBED_FIELD.finding(message, file=file)
