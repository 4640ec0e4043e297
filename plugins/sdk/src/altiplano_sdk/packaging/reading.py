"""The manifest: from TOML to a checked :class:`~altiplano_sdk.PackageManifest`, or findings."""

import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from altiplano_sdk.cleaning import clean_text
from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging.findings import Finding, ManifestError
from altiplano_sdk.packaging.rulebook import manifest as rules

LONGEST_MANIFEST: Final = 64 * 1024

# What people write who want a file to start something; none of it is a field of any version.
_COMMAND_WORDS: Final = frozenset(
    {
        "args",
        "argv",
        "bin",
        "cmd",
        "code",
        "command",
        "env",
        "environment",
        "eval",
        "exec",
        "executable",
        "hooks",
        "install",
        "interpreter",
        "post_install",
        "program",
        "run",
        "script",
        "scripts",
        "server",
        "servers",
        "shell",
        "source",
        "stdio",
        "template",
        "url",
    }
)
_EXPECTED: Final = {
    "id": "lower-case words joined by hyphens, from 3 to 64 characters, as in glossary-guard",
    "version": "three numbers, as in 1.2.0",
    "to": "the version it leads to, as in 1.2.0",
    "kind": f"one of {', '.join(StageKind)}",
    "entry": "the class as package.module:Class, as in glossary_guard:GlossaryGuard",
    "secrets": "names in capitals, as in DICTIONARY_KEY",
    "network_hosts": "names of hosts in lower case, as in api.example.org or *.example.org",
}
_HEADER: Final = re.compile(r"^\s*\[(\[)?\s*([A-Za-z0-9_.-]+)\s*\]?\]")
_KEY: Final = re.compile(r"^\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*=")


def read_manifest(folder_or_text: Path | str) -> PackageManifest:
    """The manifest of a folder, or the one whose text is given.

    Raises :class:`ManifestError` with one finding per mistake, each with its line.
    """
    if isinstance(folder_or_text, Path):
        folder_or_text = _text_in(folder_or_text)
    return _checked(folder_or_text)


def _text_in(folder: Path) -> str:
    path = folder / MANIFEST_NAME
    try:
        if not path.is_file():
            raise ManifestError([rules.MISSING_MANIFEST.finding("There is no manifest.")])
        if path.stat().st_size > LONGEST_MANIFEST:
            raise ManifestError([rules.BROKEN_TOML.finding("The manifest is over 64 KiB.")])
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        finding = rules.BROKEN_TOML.finding("The manifest is not UTF-8 text.")
        raise ManifestError([finding]) from error


def _checked(text: str) -> PackageManifest:
    try:
        data = tomllib.loads(text)
        unfit = list(_unfit(data, ()))
    # A number with thousands of digits is a ValueError of its own.
    except (ValueError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        finding = rules.BROKEN_TOML.finding(
            f"The manifest cannot be read: {error}.", line=int(line[1]) if line else 0
        )
        raise ManifestError([finding]) from error
    if unfit:
        raise ManifestError(
            [rules.WRONG_VALUE.finding(told, line=line_of(at, _places(text))) for at, told in unfit]
        )
    try:
        return PackageManifest.model_validate(data)
    except ValidationError as error:
        places = _places(text)
        findings = [_finding(detail, places) for detail in _causes(error)]
        raise ManifestError(sorted(findings, key=lambda finding: finding.line)) from error


def _unfit(part: Any, where: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """What no field may hold: hidden signs, which deceive readers, and numbers that JSON lacks."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from _unfit(name, (*where, name))
            yield from _unfit(value, (*where, name))
    elif isinstance(part, list):
        for place, value in enumerate(part):
            yield from _unfit(value, (*where, place))
    elif isinstance(part, str):
        if "\n" in part or clean_text(part).hidden:
            yield where, "A text holds a line break, or signs that nobody sees."
    elif isinstance(part, float) and not math.isfinite(part):
        yield where, "A number is not finite."


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """The mistakes without those that only follow: a list is too short when its items failed."""
    details = error.errors(include_url=False)
    return [
        detail
        for detail in details
        if not any(
            len(other["loc"]) > len(detail["loc"])
            and other["loc"][: len(detail["loc"])] == detail["loc"]
            for other in details
            if detail["loc"]
        )
    ]


def _finding(detail: ErrorDetails, places: dict[tuple[Any, ...], int]) -> Finding:
    where = detail["loc"]
    name = ".".join(str(part) for part in where if not isinstance(part, int))
    line = line_of(where, places)
    leaf = next((part for part in reversed(where) if isinstance(part, str)), "")
    expected = _EXPECTED.get(leaf, "")
    if detail["type"] == "missing":
        hint = f"Add `{leaf} = ...`" + (f": {expected}." if expected else ".")
        return rules.MISSING_FIELD.finding(f"`{name}` is missing.", line=line, hint=hint)
    if detail["type"] == "extra_forbidden":
        if leaf.lower() in _COMMAND_WORDS:
            return rules.NAMES_A_COMMAND.finding(f"`{name}` is no field.", line=line)
        return rules.UNKNOWN_FIELD.finding(f"`{name}` is no field.", line=line)
    reason = detail["msg"].removeprefix("Value error, ").rstrip(".")
    if detail["type"] == "string_pattern_mismatch" and expected:
        reason = f"{str(detail['input'])[:60]!r} is not of the right form"
    message = f"`{name}`: {reason}." if name else f"{reason[:1].upper()}{reason[1:]}."
    hint = f"Write {expected}." if expected else ""
    return rules.WRONG_VALUE.finding(message, line=line, hint=hint)


def _places(text: str) -> dict[tuple[Any, ...], int]:
    """The line of each table and key. A guess that only serves to point at the right line: keys
    inside multi-line strings are taken for keys.
    """
    places: dict[tuple[Any, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[Any, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2]
            table = tuple(name.split("."))
            if header[1]:
                table = (*table, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            places.setdefault(table, number)
        elif key := _KEY.match(line):
            places.setdefault((*table, key[1]), number)
    return places


def line_of(where: tuple[Any, ...], places: dict[tuple[Any, ...], int]) -> int:
    """The line of ``where``, or of the nearest table around it; 1 for the manifest as a whole."""
    for length in range(len(where), 0, -1):
        if (line := places.get(where[:length])) is not None:
            return line
    return 1


def line_of_field(text: str, *where: str | int) -> int:
    """The line on which the manifest ``text`` sets the field."""
    return line_of(where, _places(text))
