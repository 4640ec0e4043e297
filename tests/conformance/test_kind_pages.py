"""The example on the page of each kind keeps the promises that the page makes."""

import re
import sys
import tempfile
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from altiplano_sdk import StageKind
from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging.loading import load_package
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.generated import suites_of
from altiplano_sdk.testing.measuring import measure_suites
from altiplano_sdk.testing.package import OpenedPackage
from altiplano_sdk.testing.rules import PROMISES
from altiplano_sdk.testing.samples import SAMPLES_NAME, read_samples

PAGES = Path(__file__).parents[2] / "docs/reference/plugin-kinds"
# An index.md would be the page of the folder.
PAGE_NAMES = {kind: "index-kind" if kind is StageKind.INDEX else kind.value for kind in StageKind}
IDENTITY = {
    "id": "page-example",
    "version": "1.0.0",
    "title": "Example",
    "summary": "From the documentation.",
    "author": "Altiplano",
    "licence": "Apache-2.0",
    "personal_data": False,
}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def suite_of_page(kind: StageKind) -> type[ConformanceSuite]:
    """The suite of the page's example, made from its manifest as for a package."""
    page = (PAGES / f"{PAGE_NAMES[kind]}.md").read_text(encoding="utf-8")
    written, *others = blocks(page, "toml")
    manifest = PackageManifest.model_validate({**IDENTITY, **tomllib.loads(written)})
    name = manifest.entry_of(kind).partition(":")[0]
    module: Any = ModuleType(name)
    sys.modules[name] = module
    (source,) = blocks(page, "python")
    exec(compile(source, f"{kind}.md", "exec"), vars(module))  # noqa: S102 - our own page
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        for other in others:
            if other.startswith(f"# {SAMPLES_NAME}"):
                (directory / SAMPLES_NAME).write_text(other, encoding="utf-8")
        samples = read_samples(directory)
        classes = load_package(directory, manifest)
        package = OpenedPackage(directory, directory, manifest, classes, samples)
    return suites_of(package)[kind]


SUITES = {kind: suite_of_page(kind) for kind in StageKind}
globals().update({f"Test{kind.value.title()}Page": suite for kind, suite in SUITES.items()})


@pytest.mark.parametrize("kind", StageKind)
def test_every_kind_can_be_measured(kind):
    measured = measure_suites({kind: SUITES[kind]})
    assert measured.speed is not None
    assert 0 < measured.speed.p50_ms <= measured.speed.p95_ms
    assert measured.effect
    for name, effect in measured.effect.items():
        if "characters" not in name and "brought" not in name:
            assert 0 <= effect.without <= 1, name
            assert 0 <= effect.with_plugin <= 1, name


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        # A guard against telephone numbers lets all good answers go on and catches no wrong one.
        (StageKind.GUARD, "good let through (answer)", (1, 1)),
        (StageKind.GUARD, "bad caught (answer)", (0, 0)),
        (StageKind.TOOL, "calls answered", (0, 1)),
        (StageKind.TOOL, "wrong calls refused", (0, 1)),
        # It scores by the expected wording, which a bad answer never holds.
        (StageKind.EVALUATOR, "good above bad", (0.5, 1)),
        (StageKind.LOADER, "files brought", (0, 1)),
        (StageKind.PARSER, "paragraphs recovered", (1, 1)),
    ],
)
def test_measures_say_what_the_example_does(kind, name, expected):
    effect = measure_suites({kind: SUITES[kind]}).effect[name]
    assert (effect.without, effect.with_plugin) == expected


WHERE_IT_WORKS = {"In a collection", "Where it works"}
"""Pages of the kinds that a collection names say what that means for it."""


@pytest.mark.parametrize("kind", StageKind)
def test_every_page_has_its_sections(kind):
    page = (PAGES / f"{PAGE_NAMES[kind]}.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    told = [each for each in sections if each not in WHERE_IT_WORKS]
    assert told == ["Called with", "Gives", "Raises", "Example", "Measured"]


def test_the_overview_names_every_kind_and_every_rule():
    page = (PAGES / "index.md").read_text(encoding="utf-8")
    assert [kind for kind in StageKind if f"({PAGE_NAMES[kind]}.md)" not in page] == []
    assert re.findall(r"^\| (ALT\d+) ", page, flags=re.MULTILINE) == sorted(PROMISES)
