"""ALT601 to ALT603: what an author asks to be vendored."""

from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import files as rules

PROVIDED: Final = frozenset(
    {
        "altiplano-sdk",
        "annotated-types",
        "pydantic",
        "pydantic-core",
        "typing-extensions",
        "typing-inspection",
    }
)
"""Distributions that are in the sandbox already."""


def read_requirements(text: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The pinned requirements that are to be vendored, and what is wrong with the others."""
    wanted: list[str] = []
    findings: list[Finding] = []
    for number, line in _lines(text):
        problem = _problem(line, number)
        if problem is None:
            wanted.append(line)
        else:
            findings.append(problem)
    return tuple(wanted), tuple(findings)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.partition(" #")[0].strip()
        if plain and not plain.startswith("#"):
            yield number, plain


def _problem(line: str, number: int) -> Finding | None:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        message = f"`{line[:60]}` is no name and version."
        return rules.NO_ADDRESSES.finding(message, line=number)
    if requirement.url:
        message = f"`{requirement.name}` is fetched from an address."
        return rules.NO_ADDRESSES.finding(message, line=number)
    if canonicalize_name(requirement.name) in PROVIDED:
        message = f"`{requirement.name}` is in the sandbox already."
        return rules.PROVIDED.finding(message, line=number)
    pins = [
        s for s in requirement.specifier if s.operator in {"==", "==="} and "*" not in s.version
    ]
    if not pins:
        message = f"`{line[:60]}` does not name one version."
        return rules.UNPINNED.finding(message, line=number)
    return None
