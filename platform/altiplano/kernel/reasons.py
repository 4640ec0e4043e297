"""Why work failed, said to people in their language.

Workers, and the plugins in them, know neither Django nor who will read: they store one English
sentence. Here that sentence is recognized and said again in the active language. What nobody
translated, such as a sentence of someone else's plugin, stays as it is.

A recognized sentence needs no column of its own in the database, so what was stored before a
translation existed is translated too. ``tests/unit/kernel/test_reasons.py`` keeps ``TEMPLATES`` in
step with the f-strings of the workers, and proves that no sentence fits two of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.utils.functional import lazy
from django.utils.translation import gettext

from altiplano.kernel.reason_templates import TEMPLATES
from altiplano.kernel.sentences import written_number

_MARK = re.compile(r"%\((\w+)\)s")
_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)(?: (GB|MB|kB|bytes))?")
UNCHANGED_MARKS = frozenset(("model", "name", "other", "pages", "plugin", "status", "where", "why"))
"""What stands at these marks is the same in every language: names, and numbers that are names."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence of ``TEMPLATES``, or any other without ``params``."""

    template: str
    params: Mapping[str, str]

    def say(self) -> str:
        """The whole sentence in the active language."""
        text = gettext(self.template)
        if not self.params:
            return text
        return text % {name: _said(name, value) for name, value in self.params.items()}


def in_my_language(sentence: str) -> str:
    """What a worker stored, in the active language; as it is where no translation is known."""
    return read_reason(sentence).say() if sentence else ""


lazily_in_my_language = lazy(in_my_language, str)
"""The same for an error: in the language that is active when the error is shown."""


def read_reason(sentence: str) -> Reason:
    """The template that ``sentence`` was made from, with what stood at its marks."""
    for template, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found is not None:
            return Reason(template, found.groupdict())
    return Reason(sentence, {})


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, _pattern_of(template)) for template in TEMPLATES)


def _pattern_of(template: str) -> re.Pattern[str]:
    """Every second part of the split is the name of a mark."""
    parts = _MARK.split(template)
    return re.compile(
        "".join(
            f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
        ),
        re.DOTALL,
    )


def _said(name: str, value: str) -> str:
    """Numbers and sizes as the language writes them, phrases translated, names as they are."""
    if name in UNCHANGED_MARKS:
        return value
    number = _NUMBER.fullmatch(value)
    if number is None:
        return gettext(value)
    said = written_number(float(number[1].replace(",", "")))
    return f"{said} {gettext(number[2])}" if number[2] else said
