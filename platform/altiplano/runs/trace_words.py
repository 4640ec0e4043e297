"""What the platform's own stages say in a trace, in the reader's language.

Workers store short English names and sentences. Those that are known here are said as people would
say them; whatever else a plugin tells is shown as it wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.utils.formats import number_format
from django.utils.translation import get_language_info, gettext_noop
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.reasons import in_my_language

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CALL_STATES: Final[Mapping[str, StrPromise]] = {
    "done": _("done"),
    "failed": _("failed"),
    "refused": _("refused"),
    "asks": _("waits for a yes"),
}
"""What became of a tool call."""

DETAIL_NAMES: Final[Mapping[str, StrPromise]] = {
    "variants": _("also searched for"),
    "passages": _("passages"),
    "trimmed": _("left out"),
    "point": _("looks at"),
    "action": _("decision"),
    "reason": _("reason"),
    "scores": _("scores"),
    "language": _("language"),
    "error": _("error"),
    "finish_reason": _("ended by"),
    "characters": _("characters"),
    "tool": _("tool"),
    "arguments": _("arguments"),
    "failed": _("failed"),
    "tools": _("tools offered"),
    "withheld": _("tools not offered"),
}

SCORE_NAMES: Final[Mapping[str, StrPromise]] = {
    "chance": _("chance of an answer"),
    "best": _("nearness in meaning"),
    "words": _("words in common"),
    "coverage": _("part of the question found"),
    "names": _("names and numbers found"),
    "agreement": _("both searches agree"),
    "sentences": _("sentences"),
    "supported": _("part that is supported"),
    "quoted": _("nearness of the quotation"),
    "unknown": _("names and numbers that no passage holds"),
}
"""What the guards that come with the platform have measured."""

DETAIL_VALUES: Final[Mapping[str, Mapping[str, StrPromise]]] = {
    "point": {
        "input": _("the question"),
        "evidence": _("the passages"),
        "answer": _("the answer"),
    },
    "action": {
        "pass": _("goes on"),
        "abstain": _("says that the documents do not say"),
        "block": _("refuses"),
        "replace": _("mends the answer"),
    },
    "finish_reason": {
        "stop": _("the end of the answer"),
        "length": _("the limit of its length"),
        "tool_calls": _("the wish to call a tool"),
    },
}

STORED_SENTENCES: Final = (
    gettext_noop("The model read only the sentences nearest to the question."),
    gettext_noop("Nothing was found."),
    gettext_noop("What was found does not promise an answer."),
    gettext_noop("The answer says that the documents do not say."),
    gettext_noop("No passage supports the model's answer."),
    gettext_noop("The model's answer only repeats the question."),
    gettext_noop("No passage supports the answer or holds the numbers and names in it."),
)
"""Written by the plugins that come with the platform; named here to be translated."""

LONGEST_DETAIL: Final = 300


def say_detail(name: str, value: Any) -> tuple[str, str]:
    """A detail's name and value in the active language, in a line that ends."""
    known = DETAIL_VALUES.get(name, {})
    text = str(known.get(value, "")) if isinstance(value, str) else ""
    if name == "scores" and isinstance(value, Mapping):
        text = _written({str(SCORE_NAMES.get(key, key)): score for key, score in value.items()})
    elif name == "language" and isinstance(value, str):
        text = _said_language(value)
    text = text or _written(value)
    if len(text) > LONGEST_DETAIL:
        text = text[: LONGEST_DETAIL - 1] + "…"
    return str(DETAIL_NAMES.get(name, name)), text


def _said_language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _written(value: Any) -> str:
    if isinstance(value, float):
        return number_format(float(f"{value:.3g}")).removesuffix(".0").removesuffix(",0")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_written(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return " · ".join(_written(each) for each in value)
    return in_my_language(str(value))
