"""The tutorial as a new author follows it: a wheel, an empty environment, every command of it."""

import json
import re
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.keys import parse_public_key
from altiplano_sdk.packaging.signing import SignatureState, verify_archive
from tests.author_tool import ROOT, SDK, build_wheel, make_environment
from tests.integration.plugin_tool.fake_platform import APP, KEY, FakePlatform, fake_platform

TUTORIAL = ROOT / "docs/tutorials/write-a-plugin.md"
ENTRY = "glossary_guard/__init__.py"
SCREEN = (24, 100)


def blocks(language: str) -> list[str]:
    text = TUTORIAL.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands() -> list[str]:
    return [line for block in blocks("bash") for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def platform() -> Iterator[FakePlatform]:
    with fake_platform() as running:
        running.events.append(("log", {"level": "info", "event": "checked", "fields": {}}))
        yield running


@pytest.fixture(scope="module")
def environment(tmp_path_factory, platform) -> dict[str, str]:
    """An empty virtual environment in which ``pip install altiplano-sdk`` finds this SDK's wheel."""
    folder = tmp_path_factory.mktemp("author")
    wheel = build_wheel(folder)
    assert_wheel_is_whole(wheel)
    return {
        **make_environment(folder, wheel),
        "ALTIPLANO": platform.address,
        "KEY": KEY,
        "APP": APP,
    }


def assert_wheel_is_whole(wheel: Path) -> None:
    """Every file of the source is in it, also those that are no Python."""
    source = SDK / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert wanted <= held
    assert {name for name in held - wanted if ".dist-info/" not in name} == set()


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["/bin/bash", "-euc", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def run_dev(command: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """The tool runs until the author has seen a log line, saved a file and seen it sent again."""
    process = subprocess.Popen(
        ["/bin/bash", "-euc", f"exec {command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "checked" in line:
                entry = folder / ENTRY
                entry.write_text(f"{entry.read_text()}\n# saved again\n")
            if sum("is in the draft" in each for each in lines) == 2:
                break
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return lines


def edit(folder: Path) -> int:
    """The function of the tutorial takes the place of the scaffold's; how many lines it has."""
    (function,) = blocks("python")
    entry = folder / ENTRY
    kept = entry.read_text().partition("    async def check")[0]
    entry.write_text(kept + function)
    return len(function.splitlines())


def test_tutorial_works_from_a_wheel_in_an_empty_environment(environment, platform, tmp_path):
    folder, told = tmp_path, ""
    for command in commands():
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
            assert 8 <= edit(folder) <= 14
            continue
        if " dev " in command:
            shown = run_dev(command, folder, environment)
            assert any("no network and no secrets" in line for line in shown)
            continue
        told = run(command, folder, environment)
        if not command.startswith("pip "):
            assert len(told.splitlines()) <= SCREEN[0]
            assert max(map(len, told.splitlines())) <= SCREEN[1]
        if "--new-key" in command:
            (public,) = re.findall(r"ed25519:\S+", told)
    assert "is on the platform" in told

    (package,) = folder.glob("*.altiplano")
    with open_archive(package) as archive:
        result = verify_archive(archive, [parse_public_key(public)])
        report = archive.json("report.json")
    assert result.state is SignatureState.VALID
    assert report["failed"] == []
    assert report["passed"] > 30
    methods = [method for method, *_ in platform.received]
    assert methods == ["PUT", "PUT", "POST"]

    installed = run("pip list --format json", folder, environment)
    names = {each["name"].lower() for each in json.loads(installed)}
    assert "altiplano-sdk" in names
    assert not names & {"django", "celery", "numpy", "altiplano-platform"}
    run(
        "python -c \"import altiplano_sdk, sys; assert 'pytest' not in sys.modules\"",
        folder,
        environment,
    )


def test_story_is_short():
    """The figures that the tutorial and the README promise."""
    typed = [command for command in commands() if not command.startswith("cd ")]
    assert len(typed) == 7
    assert "Seven commands" in TUTORIAL.read_text(encoding="utf-8")
