"""The pipeline of an app as data: what an owner writes, checked before it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from altiplano.catalog.queries import ReleaseKey, UsableRelease
from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.sentences import Figure
from altiplano_sdk import StageKind
from altiplano_sdk.pipelines import order_problem

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MAX_PIPELINE_CHARS = 100_000
KINDS = frozenset(kind.value for kind in StageKind)


@dataclass(frozen=True, slots=True)
class Stage:
    """One configured step, carried out by the plugin of this kind and id.

    ``may_send_with_passages`` is the owner's word that this tool may send something out although the
    prompt holds passages, whose authors could make a model send them.
    """

    kind: str
    plugin: str
    config: Mapping[str, Any] = field(default_factory=dict)
    may_send_with_passages: bool = False


def to_stored(stages: Sequence[Stage]) -> dict[str, Any]:
    """The form in which drafts and versions keep a pipeline."""
    return {"stages": [_stored_stage(stage) for stage in stages]}


def _stored_stage(stage: Stage) -> dict[str, Any]:
    """What is not said is not stored, so that older pipelines stay what they were."""
    stored = asdict(stage)
    if not stage.may_send_with_passages:
        del stored["may_send_with_passages"]
    return stored


def from_stored(pipeline: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            stage["kind"],
            stage["plugin"],
            stage["config"],
            may_send_with_passages=stage.get("may_send_with_passages", False),
        )
        for stage in pipeline["stages"]
    )


def needs_documents(stages: Sequence[Stage]) -> bool:
    return any(stage.kind == StageKind.RETRIEVER for stage in stages)


def check_pipeline(
    stages: Sequence[Stage], *, releases: Mapping[ReleaseKey, UsableRelease] | None
) -> None:
    """Return when the workers can run these stages.

    ``releases`` is None while no worker has reported yet; then only kinds and order are judged, and
    the run itself says what is missing. Raises InvalidInputError whose sentence names the stage,
    and whose fields are keyed like ``pipeline.2.config.k``.
    """
    if len(json.dumps(to_stored(stages))) > MAX_PIPELINE_CHARS:
        _refuse(
            _("The pipeline is too long."),
            "pipeline",
            _("at most %(limit)s characters") % {"limit": Figure(MAX_PIPELINE_CHARS)},
        )
    for position, stage in enumerate(stages):
        if stage.kind not in KINDS:
            _refuse(
                _("Stage %(stage)s: there is no kind of stage called “%(kind)s”.")
                % {"stage": position + 1, "kind": stage.kind[:40]},
                f"pipeline.{position}.kind",
                _("one of %(values)s") % {"values": ", ".join(sorted(KINDS))},
            )
    problem = order_problem([StageKind(stage.kind) for stage in stages])
    if problem is not None:
        _refuse(
            in_my_language(problem), "pipeline", _("the stages do not make a pipeline that answers")
        )
    for position, stage in enumerate(stages):
        if stage.may_send_with_passages and stage.kind != StageKind.TOOL:
            _refuse(
                _("Stage %(stage)s: only a tool can be allowed to send something out.")
                % {"stage": position + 1},
                f"pipeline.{position}.may_send_with_passages",
                _("for tools only"),
            )
    if releases is not None:
        for position, stage in enumerate(stages):
            _check_stage(position, stage, releases)


def _check_stage(position: int, stage: Stage, releases: Mapping[ReleaseKey, UsableRelease]) -> None:
    release = releases.get((stage.kind, stage.plugin))
    if release is None:
        _refuse(
            _("Stage %(stage)s: there is no %(kind)s plugin called “%(plugin)s”.")
            % {"stage": position + 1, "kind": stage.kind, "plugin": stage.plugin[:64]},
            f"pipeline.{position}.plugin",
            _("unknown plugin"),
        )
    error = jsonschema.exceptions.best_match(_errors(release.config_schema, stage.config))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path)
        name = ".".join(filter(None, (f"pipeline.{position}.config", where)))
        reason = _reason(error)
        _refuse(
            _("Stage %(stage)s (%(kind)s “%(plugin)s”)%(option)s: %(reason)s.")
            % {
                "stage": position + 1,
                "kind": stage.kind,
                "plugin": stage.plugin,
                "option": f", {where}" if where else "",
                "reason": reason,
            },
            name,
            reason,
        )


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


def _refuse(sentence: str, name: str, reason: str) -> NoReturn:
    raise InvalidInputError(sentence, code="pipeline_invalid", fields={name: reason})
