"""Names of uploaded files: shown to people, never used to find anything on the disk."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from altiplano_sdk import clean_text

MAX_NAME_CHARS = 255
FALLBACK_NAME = "document"

_SPACES = re.compile(r"[\s\ue000-\uf8ff]+")
"""Also characters of private use: what they look like depends on the reader's machine."""


def clean_name(raw: str) -> str:
    """The name as a person would read it: one line, no folder, nothing hidden, 255 characters.

    Never empty, never ``.`` or ``..``, never starting with a dash (a download of that name would
    be an option to a careless command). Cleaning a clean name changes nothing.
    """
    name = re.split(r"[/\\]", raw.rstrip("/\\"))[-1]
    name = _SPACES.sub(" ", clean_text(name).text).strip().lstrip("- ")
    if not name.strip("."):
        return FALLBACK_NAME
    return _shorten(name, MAX_NAME_CHARS)


def _shorten(name: str, limit: int) -> str:
    """At most ``limit`` characters, the extension kept where it is one."""
    if len(name) <= limit:
        return name
    suffix = PurePosixPath(name).suffix
    if len(suffix) > 16:
        suffix = ""
    return name[: limit - len(suffix)].rstrip() + suffix


def number_name(name: str, number: int) -> str:
    """``report.pdf`` as ``report (2).pdf``, within the limit."""
    path = PurePosixPath(name)
    suffix = path.suffix if len(path.suffix) <= 16 else ""
    stem = name[: len(name) - len(suffix)]
    mark = f" ({number})"
    return stem[: MAX_NAME_CHARS - len(mark) - len(suffix)] + mark + suffix


def distinct_names(names: Iterable[str]) -> list[str]:
    """The names in order, each used once: the second ``a.txt`` becomes ``a (2).txt``.

    Depends on the order alone, so that the same batch sent again gets the same names.
    """
    seen: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 2
        while candidate in seen:
            candidate = number_name(name, number)
            number += 1
        seen.add(candidate)
        result.append(candidate)
    return result


def name_from_url(url_path: str, host: str) -> str:
    """What a document fetched from this address is called until its owner renames it."""
    last = clean_name(url_path) if url_path.strip("/") else FALLBACK_NAME
    return clean_name(host) if last == FALLBACK_NAME else last
