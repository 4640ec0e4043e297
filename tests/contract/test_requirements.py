"""The locks: every package by hash, no address, nothing that the documentation does not explain."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ("build", "runtime", "dev", "weights")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)")


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_text(name):
    return (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")


def pins(name):
    """Name and marker of each pinned package with the number of its hashes."""
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock_text(name)):
        match = PIN.match(block)
        if match:
            found.append((normal(match[1]), match[2], block.count("--hash=sha256:")))
    return found


def direct_names(requirements):
    return {normal(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in requirements}


def requirements_in(name):
    lines = (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()]


def project_requirements():
    found = []
    for path in (ROOT / "pyproject.toml", ROOT / "plugins/sdk/pyproject.toml"):
        found += tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [line for line in found if normal(line) != "altiplano-sdk"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_by_hash(name):
    assert pins(name)
    assert [package for package, _, hashes in pins(name) if not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_line_is_a_pin(name):
    lines = [line for line in lock_text(name).splitlines() if line[:1] not in {"#", " ", ""}]

    assert [line for line in lines if not PIN.match(line)] == []


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.iterdir()), ids=lambda path: path.name)
def test_no_address_and_no_place_of_a_machine_is_written(path):
    text = path.read_text(encoding="utf-8")

    assert (
        re.findall(r"\w+://\S*|--(?:extra-)?index-url|--find-links|(?<![\w.])/[a-z]+/\S*", text)
        == []
    )


def test_runtime_lock_holds_every_dependency_of_the_project():
    locked = {package for package, _, _ in pins("runtime")}

    assert direct_names(project_requirements()) - locked == set()


def test_development_lock_agrees_with_the_runtime_lock():
    development = {(package, version) for package, version, _ in pins("dev")}

    assert {(package, version) for package, version, _ in pins("runtime")} - development == set()


def test_development_lock_holds_every_development_dependency():
    locked = {package for package, _, _ in pins("dev")}

    assert direct_names(requirements_in("dev")) - locked == set()


def test_frameworks_lock_holds_its_dependencies_and_nothing_of_the_platform():
    locked = {package for package, _, _ in pins("frameworks")}

    assert direct_names(requirements_in("frameworks")) - locked == set()
    assert locked & {"django", "celery", "redis"} == set()


@pytest.mark.parametrize(
    ("package", "least"), [("django", (5, 2, 14)), ("celery", (5, 7)), ("redis", (8, 1))]
)
def test_lock_is_not_below_what_published_vulnerabilities_ask_for(package, least):
    versions = [version for name, version, _ in pins("runtime") if name == package]

    assert versions
    assert all(tuple(map(int, version.split(".")[: len(least)])) >= least for version in versions)


def test_every_direct_dependency_is_explained():
    page = (ROOT / "docs/reference/dependencies.md").read_text(encoding="utf-8")
    explained = {
        normal(name) for name in re.findall(r"^\| `([A-Za-z0-9._-]+)` \|", page, re.MULTILINE)
    }
    direct = (
        direct_names(project_requirements())
        | direct_names(requirements_in("dev"))
        | direct_names(requirements_in("build"))
        | direct_names(requirements_in("frameworks"))
        | direct_names(requirements_in("weights"))
    )

    assert direct - explained == set()
    assert explained - direct == set()
