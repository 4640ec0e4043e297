"""A refusal is raised with a marked sentence, so that every reader gets it in their language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.messages import MARKERS, ROOT

PLATFORM = ROOT / "platform/altiplano"
FILES = sorted(
    path
    for path in PLATFORM.rglob("*.py")
    if "migrations" not in path.parts
    # They speak OpenAI's protocol, in English as its clients and their documentation do.
    and not path.name.startswith("openai")
)


def _name_of(node: ast.expr) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def refusals() -> frozenset[str]:
    """``DomainError`` and every class that derives from it, by name."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PLATFORM.rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"DomainError"}
    while True:
        more = {each.name for each in classes if found & {_name_of(base) for base in each.bases}}
        if more <= found:
            return frozenset(found)
        found |= more


REFUSALS = refusals()


def unmarked_sentences(source: str) -> Iterator[tuple[int, str]]:
    """Line and code of every sentence given to a refusal that no catalogue can translate."""
    tree = ast.parse(source)
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(scope):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    assigned.setdefault(_name_of(target), []).append(node.value)
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and _name_of(node.func) in REFUSALS and node.args:
                sentence = node.args[0]
                is_name = isinstance(sentence, ast.Name)
                values = assigned.get(_name_of(sentence), [sentence]) if is_name else [sentence]
                if not all(map(_is_translated, values)):
                    yield node.lineno, ast.unparse(sentence)


def _is_translated(sentence: ast.expr) -> bool:
    """A marked text, one of two, or what another function or error has said already."""
    match sentence:
        case ast.Call():
            name = _name_of(sentence.func)
            return name == "lazily_in_my_language" or (
                name in MARKERS and _is_plain(sentence.args[0])
            )
        case ast.IfExp():
            return _is_translated(sentence.body) and _is_translated(sentence.orelse)
        case ast.Name() | ast.Attribute():
            return True
        case _:
            return False


def _is_plain(text: ast.expr) -> bool:
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLATFORM)))
def test_refusals_are_raised_with_marked_sentences(path: Path):
    assert list(unmarked_sentences(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "sentence",
    [
        '"It broke."',
        'f"{x} broke."',
        '_(f"{x} broke.")',
        '"%s broke." % x',
        '"{} broke.".format(x)',
        '_("It broke.") if x else "It did not."',
    ],
)
def test_unmarked_sentence_is_found(sentence: str):
    given = f"def f(x):\n    raise NotFoundError({sentence})\n"
    named = f"def f(x):\n    text = {sentence}\n    raise NotFoundError(text)\n"
    assert [line for line, _ in unmarked_sentences(given)] == [2]
    assert [line for line, _ in unmarked_sentences(named)] == [3]


def test_marked_sentence_is_let_through():
    for sentence in ('_("It broke.")', "error.message", 'ngettext_lazy("a", "b", "n")'):
        source = f"def f(error):\n    raise NotFoundError({sentence})\n"
        assert list(unmarked_sentences(source)) == []


def test_refusals_are_those_of_the_kernel_and_of_the_areas():
    assert {"NotFoundError", "UnaskableError", "NoEndpointError"} <= REFUSALS
