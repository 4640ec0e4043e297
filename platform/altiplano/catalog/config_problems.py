"""Whether a configuration fits the JSON Schema of its plugin, and why not, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jsonschema
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def accepts(schema: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether a plugin with this schema takes the configuration."""
    return next(_errors(schema, config), None) is None


def config_problems(schema: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    """Why each setting does not fit, by its name with dots; empty for a configuration that fits.

    A problem of the configuration as a whole has the name "".
    """
    problems: dict[str, str] = {}
    for error in _errors(schema, config):
        path = [str(part) for part in error.absolute_path]
        if error.validator == "required" and isinstance(error.instance, Mapping):
            path.append(_missing(error))
        problems.setdefault(".".join(path), _reason(error))
    return problems


def worst_problem(schema: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, str] | None:
    """The setting, by its name with dots, that fits least, and why; None when all fit."""
    error = jsonschema.exceptions.best_match(_errors(schema, config))
    if error is None:
        return None
    return ".".join(str(part) for part in error.absolute_path), _reason(error)


def _errors(
    schema: Mapping[str, Any], config: Mapping[str, Any]
) -> Iterator[jsonschema.ValidationError]:
    return jsonschema.Draft202012Validator(_strict(schema)).iter_errors(dict(config))


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A misspelt option is an error even where the plugin's model would ignore it."""
    return {"additionalProperties": False, **schema}


_REASONS: Mapping[str, StrPromise] = {
    "minimum": gettext_lazy("must be at least %(value)s"),
    "maximum": gettext_lazy("must be at most %(value)s"),
    "exclusiveMinimum": gettext_lazy("must be more than %(value)s"),
    "exclusiveMaximum": gettext_lazy("must be less than %(value)s"),
    "minLength": gettext_lazy("must have at least %(value)s characters"),
    "maxLength": gettext_lazy("must have at most %(value)s characters"),
    "minItems": gettext_lazy("must have at least %(value)s entries"),
    "maxItems": gettext_lazy("must have at most %(value)s entries"),
    "type": gettext_lazy("must be of type %(value)s"),
    "enum": gettext_lazy("must be one of %(value)s"),
    "const": gettext_lazy("must be %(value)s"),
}


def _reason(error: jsonschema.ValidationError) -> str:
    """Why, in words that do not repeat the value: it may be long."""
    if error.validator == "additionalProperties" and isinstance(error.schema, Mapping):
        known = ", ".join(sorted(error.schema.get("properties", {})))
        return _("there is no such option; there are: %(values)s") % {"values": known or _("none")}
    if error.validator == "required" and isinstance(error.instance, Mapping):
        return _("%(name)s is a required property") % {"name": _missing(error)}
    pattern = _REASONS.get(str(error.validator))
    if pattern is None:
        return _("does not fit the plugin's configuration")
    return str(pattern % {"value": error.validator_value})


def _missing(error: jsonschema.ValidationError) -> str:
    """The required property that is not there; its error is not found beside it but above it."""
    required: Any = error.validator_value
    instance: Any = error.instance
    return str(next(name for name in required if name not in instance))
