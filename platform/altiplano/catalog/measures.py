"""What the suites measure of a plugin, in the words of those who choose one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MEASURES: Final[Mapping[str, StrPromise]] = {
    "answers right": _("Right answers"),
    "answers within the prompt": _("Answers within the prompt"),
    "bad caught (answer)": _("Bad answers stopped"),
    "bad caught (evidence)": _("Bad passages stopped"),
    "bad caught (input)": _("Bad questions stopped"),
    "bytes brought": _("Bytes brought"),
    "calls answered": _("Calls answered"),
    "characters a piece": _("Characters a piece"),
    "files brought": _("Files brought"),
    "good above bad": _("Good above bad"),
    "good let through (answer)": _("Good answers let through"),
    "good let through (evidence)": _("Good passages let through"),
    "good let through (input)": _("Good questions let through"),
    "nDCG@10": _("Order of the first ten (nDCG@10)"),
    "paragraphs recovered": _("Paragraphs recovered"),
    "passages whole": _("Passages kept whole"),
    "right passage first": _("Right passage first"),
    "wrong calls refused": _("Wrong calls refused"),
}


def said_measure(name: str) -> StrPromise | str:
    """The measure by its name in a report of the suites; one that is not known stays as it is."""
    return MEASURES.get(name, name.replace("_", " "))
