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


for _kind in StageKind:
    globals()[f"Test{_kind.value.title()}Page"] = suite_of_page(_kind)


@pytest.mark.parametrize("kind", StageKind)
def test_every_page_has_its_sections(kind):
    page = (PAGES / f"{PAGE_NAMES[kind]}.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    assert sections == ["Called with", "Gives", "Raises", "Example", "Measured"]


def test_the_overview_names_every_kind_and_every_rule():
    page = (PAGES / "index.md").read_text(encoding="utf-8")
    assert [kind for kind in StageKind if f"({PAGE_NAMES[kind]}.md)" not in page] == []
    assert re.findall(r"^\| (ALT\d+) ", page, flags=re.MULTILINE) == sorted(PROMISES)
