"""The pipeline of an app as data: what an owner writes, checked before it is stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

import jsonschema

from altiplano.catalog.models import PluginRelease
from altiplano.catalog.queries import ReleaseKey
from altiplano.kernel.errors import InvalidInputError
from altiplano_sdk import StageKind
from altiplano_sdk.pipelines import order_problem

MAX_PIPELINE_CHARS = 100_000
KINDS = frozenset(kind.value for kind in StageKind)


@dataclass(frozen=True, slots=True)
class Stage:
    """One configured step, carried out by the plugin of this kind and id."""

    kind: str
    plugin: str
    config: Mapping[str, Any] = field(default_factory=dict)


def to_stored(stages: Sequence[Stage]) -> dict[str, Any]:
    """The form in which drafts and versions keep a pipeline."""
    return {"stages": [asdict(stage) for stage in stages]}


def from_stored(pipeline: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(stage["kind"], stage["plugin"], stage["config"]) for stage in pipeline["stages"]
    )


def needs_documents(stages: Sequence[Stage]) -> bool:
    return any(stage.kind == StageKind.RETRIEVER for stage in stages)


def check_pipeline(
    stages: Sequence[Stage], *, releases: Mapping[ReleaseKey, PluginRelease] | None
) -> None:
    """Return when the workers can run these stages.

    ``releases`` is None while no worker has reported yet; then only kinds and order are judged, and
    the run itself says what is missing. Raises InvalidInputError whose sentence names the stage,
    and whose fields are keyed like ``pipeline.2.config.k``.
    """
    if len(json.dumps(to_stored(stages))) > MAX_PIPELINE_CHARS:
        _refuse("The pipeline is too long.", "pipeline", f"at most {MAX_PIPELINE_CHARS} characters")
    for position, stage in enumerate(stages):
        if stage.kind not in KINDS:
            _refuse(
                f"Stage {position + 1}: there is no kind of stage called “{stage.kind[:40]}”.",
                f"pipeline.{position}.kind",
                f"one of {', '.join(sorted(KINDS))}",
            )
    problem = order_problem([StageKind(stage.kind) for stage in stages])
    if problem is not None:
        _refuse(problem, "pipeline", "the stages do not make a pipeline that answers")
    if releases is not None:
        for position, stage in enumerate(stages):
            _check_stage(position, stage, releases)


def _check_stage(position: int, stage: Stage, releases: Mapping[ReleaseKey, PluginRelease]) -> None:
    release = releases.get((stage.kind, stage.plugin))
    if release is None:
        _refuse(
            f"Stage {position + 1}: there is no {stage.kind} plugin called “{stage.plugin[:64]}”.",
            f"pipeline.{position}.plugin",
            "unknown plugin",
        )
    validator = jsonschema.Draft202012Validator(_strict(release.config_schema))
    error = jsonschema.exceptions.best_match(validator.iter_errors(dict(stage.config)))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path)
        name = ".".join(filter(None, (f"pipeline.{position}.config", where)))
        reason = _reason(error)
        _refuse(
            f"Stage {position + 1} ({stage.kind} “{stage.plugin}”)"
            f"{f', {where}' if where else ''}: {reason}.",
            name,
            reason,
        )


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A misspelt option is an error even where the plugin's model would ignore it."""
    return {"additionalProperties": False, **schema}


_REASONS: Mapping[str, str] = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} entries",
    "maxItems": "must have at most {} entries",
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "const": "must be {}",
}


def _reason(error: jsonschema.ValidationError) -> str:
    """Why, in words that do not repeat the value: it may be long."""
    if error.validator == "additionalProperties" and isinstance(error.schema, Mapping):
        known = ", ".join(sorted(error.schema.get("properties", {})))
        return f"there is no such option; there are: {known or 'none'}"
    if error.validator == "required":
        return str(error.message).replace("'", "")
    pattern = _REASONS.get(str(error.validator), "does not fit the plugin's configuration")
    return pattern.format(error.validator_value)


def _refuse(sentence: str, name: str, reason: str) -> NoReturn:
    raise InvalidInputError(sentence, code="pipeline_invalid", fields={name: reason})
