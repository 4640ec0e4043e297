"""Finds the names that a blind review must not see, however they are written.

A name is found in any case, with or without accents, behind French articles and their
contractions ("le Réseau", "du Réseau", "l'Agence"), in the plural, with or without its legal form,
with words of connection changed, split by markup, written with entities, soft hyphens or letters
of another script that look alike.

Two degrees of certainty. What surely names the team is *redacted*. What may (a surname alone, an
acronym, letters spaced out) is *flagged* for a person to decide: "Petit" is a name and a word.

The approach is that of masking known identifiers, as done for clinical notes (I. Neamatullah et al.,
"Automated de-identification of free-text medical records", BMC Medical Informatics 8:32, 2008): the
names are known, so they are looked for, and no model guesses. A description that gives a team away
without naming it is beyond this, and reviewers are asked to say when they recognize one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from altiplano.challenges.review.folded_text import FoldedText, fold_text

REDACTED = "█████"
_SHORTEST = 3

_ARTICLES = frozenset("le la les l un une des du de d au aux the a an of".split(" "))  # noqa: SIM905
_SMALL = _ARTICLES | {"et", "and", "for", "pour"}
_CONNECTING = r"(?:(?:de|du|des|d|la|le|les|l|et|of|the|and|a|au|aux|for|pour)[ '])*"
_FORMS = frozenset(
    "sa sas sasu sarl eurl scop scic asbl ag gmbh ltd llc inc plc bv nv spa srl ev "  # noqa: SIM905
    "association asso fondation foundation".split(" ")
)


class NameKind(StrEnum):
    ORGANIZATION = "organization"
    PERSON = "person"
    DOMAIN = "domain"


class Certainty(StrEnum):
    SURE = "sure"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Name:
    """A name to hide; ``text`` of a person is written with the surname last."""

    kind: NameKind
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A name at a place. ``pieces`` are (start, end) in the source, leaving out markup between."""

    name: Name
    certainty: Certainty
    pieces: tuple[tuple[int, int], ...]
    written: str
    """As it stands in the text, markup left out: what an organizer is shown beside the flag."""


@dataclass(frozen=True, slots=True)
class Blinded:
    """``text`` without what surely names the team, and all that was found in what it was."""

    text: str
    redacted: tuple[Finding, ...]
    flagged: tuple[Finding, ...]


def blind_text(source: str, *, names: Iterable[Name], mark: str = REDACTED) -> Blinded:
    """The text with a ``mark`` for each name; markup stays as it is, so that pages stay whole."""
    findings = find_names(source, names=names)
    sure = tuple(one for one in findings if one.certainty is Certainty.SURE)
    hidden = {at for one in sure for start, end in one.pieces for at in range(start, end)}
    starts = {one.pieces[0][0] for one in sure}
    out = "".join(
        (mark if at in starts and at - 1 not in hidden else "")
        + ("" if at in hidden else character)
        for at, character in enumerate(source)
    )
    flagged = tuple(one for one in findings if one.certainty is Certainty.POSSIBLE)
    return Blinded(text=out, redacted=sure, flagged=flagged)


def find_names(source: str, *, names: Iterable[Name]) -> tuple[Finding, ...]:
    """Every place of every name, by position; what lies within a sure finding is not flagged too."""
    folded = fold_text(source)
    wanted = tuple(dict.fromkeys(names))
    found = [
        (*match.span(), certainty, name)
        for name in wanted
        for pattern, certainty in _patterns(name)
        for match in re.finditer(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", folded.text)
    ]
    acronyms = {_acronym(one): one for one in wanted if one.kind is NameKind.ORGANIZATION}
    for start, end, name in _capitals(folded, acronyms):
        found.append((start, end, Certainty.POSSIBLE, name))
    sure = {
        at
        for start, end, sureness, _ in found
        if sureness is Certainty.SURE
        for at in range(start, end)
    }
    findings = {
        Finding(name, certainty, pieces, "".join(source[a:b] for a, b in pieces))
        for start, end, certainty, name in found
        if (certainty is Certainty.SURE or not sure.issuperset(range(start, end)))
        and (pieces := folded.pieces(start, end))
    }
    return tuple(sorted(findings, key=lambda one: (one.pieces, one.certainty, one.name.text)))


def _patterns(name: Name) -> Iterator[tuple[str, Certainty]]:
    """Expressions over folded text."""
    text = fold_text(name.text).text.strip(" .'")
    if not re.search(r"[^\W_]", text):
        return
    match name.kind:
        case NameKind.DOMAIN:
            dots = r" ?(?:\.| dot | point ) ?".join(map(re.escape, text.split(".")))
            yield rf"(?:[\w.]{{1,64}} ?@ ?)?(?:\w{{1,63}}\.){{0,8}}{dots}", Certainty.SURE
        case NameKind.PERSON:
            yield from _person_patterns(text.split())
        case NameKind.ORGANIZATION:
            words = _core(re.split(r"[ ']+", text))
            is_telling = len("".join(words)) >= _SHORTEST
            yield _in_a_row(words), Certainty.SURE if is_telling else Certainty.POSSIBLE
            letters = "".join(words)
            if len(letters) > _SHORTEST:
                yield "[ .]".join(map(re.escape, letters)), Certainty.POSSIBLE


def _person_patterns(words: list[str]) -> Iterator[tuple[str, Certainty]]:
    """Both orders and an initial are sure; a surname alone may be a word."""
    if len(words) == 1:
        yield re.escape(words[0]), Certainty.POSSIBLE
        return
    first, last = words[0], words[-1]
    surname, given = " ".join(map(re.escape, words[1:])), re.escape(first)
    yield rf"{given} (?:[^\W_]\.? )?{surname}", Certainty.SURE
    yield f"{surname} {given}", Certainty.SURE
    yield rf"{re.escape(first[0])}(?:\. ?| ){surname}", Certainty.SURE
    yield rf"(?:mme|mlle|mr|mrs|ms|dr|pr|prof|madame|monsieur)\.? {surname}", Certainty.SURE
    if len(last) >= _SHORTEST:
        yield re.escape(last), Certainty.POSSIBLE


def _core(words: list[str]) -> list[str]:
    """The words without articles in front and legal forms around, unless nothing else is there."""
    core = list(words)
    while len(core) > 1 and (core[0] in _ARTICLES or core[0] in _FORMS):
        core.pop(0)
    while len(core) > 1 and core[-1].strip(".") in _FORMS:
        core.pop()
    return core


def _in_a_row(words: list[str]) -> str:
    """The telling words one after another, each perhaps in the plural, joined by small ones."""
    telling = [word for word in words if word not in _SMALL] or words
    return rf"(?:[ '.]*){_CONNECTING}".join(
        re.escape(word[:-1] if len(word) > 3 and word[-1] in "sx" else word) + "[sx]?"
        for word in telling
    )


def _acronym(name: Name) -> str:
    words = _core(re.split(r"[ ']+", fold_text(name.text).text.strip()))
    return "".join(word[0] for word in words if word and word not in _SMALL)


def _capitals(folded: FoldedText, acronyms: dict[str, Name]) -> Iterator[tuple[int, int, Name]]:
    """Acronyms of three letters and more, where the text writes them in capitals."""
    for match in re.finditer(r"[^\W_]+(?:\.[^\W_])*", folded.text):
        letters = match[0].replace(".", "")
        if len(letters) < _SHORTEST or letters not in acronyms:
            continue
        if "".join(folded.source[a:b] for a, b in folded.pieces(*match.span())).isupper():
            yield *match.span(), acronyms[letters]
