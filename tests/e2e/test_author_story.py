"""The author's tool, from its wheel in an empty environment, against a platform that runs."""

import os
import queue
import re
import secrets
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from altiplano_worker.runtime.sandbox.levels import available_levels
from tests.author_tool import ROOT, Said, build_wheel, make_environment, run_command
from tests.e2e.conftest import Platform, enter_dashboard, open_page, sign_in
from tests.e2e.plugin_stories import WORDS, Story, add_key, make_app
from tests.factories.archives import Author

pytestmark = pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox")

SCREEN = (24, 100)
ANSWER_MS = 90_000
STOP_SECONDS = 20
FUNCTION = """    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        ctx.log.info("looked", signs=len(request.answer))
        text = f"{request.answer} (first draft)"
        return sdk.GuardVerdict(action="replace", message=text, reason="Marked.")
"""


@pytest.fixture(scope="session")
def installed_tool(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a shell in which ``altiplano-plugin`` is the one of the SDK's wheel."""
    folder = tmp_path_factory.mktemp("author")
    shell = make_environment(folder, build_wheel(folder))
    said = run_command("pip install --quiet altiplano-sdk", folder, shell)
    assert said.status == 0, said.lines
    return shell


@dataclass
class Terminal:
    """A shell of an author who knows the platform's address and has a key there."""

    shell: dict[str, str]
    folder: Path

    def type(self, command: str, status: int = 0) -> Said:
        """What the command says, which is one screen at most."""
        said = run_command(command, self.folder, self.shell)
        assert said.status == status, said.lines
        assert len(said.lines) <= SCREEN[0]
        assert max(map(len, said.lines), default=0) <= SCREEN[1]
        assert "Traceback" not in said.text
        return said

    def begin(self, slug: str, function: str) -> Path:
        """``new``, and the scaffold's function made another one; where that is written."""
        self.type(f"altiplano-plugin new {slug} --kind guard")
        self.folder /= slug
        entry = self.folder / slug.replace("-", "_") / "__init__.py"
        entry.write_text(entry.read_text().partition("    async def check")[0] + function)
        return entry


@pytest.fixture
def terminal(platform: Platform, installed_tool: dict[str, str], tmp_path: Path) -> Terminal:
    (tmp_path / "home").mkdir()
    told = {
        "HOME": str(tmp_path / "home"),
        "ALTIPLANO": platform.url,
        "KEY": platform.demo["api_key"],
    }
    return Terminal({**installed_tool, **told}, tmp_path)


@pytest.fixture
def story(
    browser: Browser, platform: Platform, operator: dict[str, str], tmp_path: Path
) -> Iterator[Story]:
    pages = [open_page(browser)[1] for _ in range(2)]
    for page in pages:
        cookie = {"name": "django_language", "value": "en", "url": platform.url}
        page.context.add_cookies([cookie])
    sign_in(pages[0], platform)
    enter_dashboard(pages[1], platform, operator)
    slug = f"glossary-guard-{secrets.token_hex(3)}"
    yield Story(platform, *pages, WORDS["en"], Author(), slug, tmp_path)
    for page in pages:
        page.context.close()


def test_author_goes_from_a_wheel_into_an_answer_and_is_recalled(story: Story, terminal: Terminal):
    tutorial = (ROOT / "docs/tutorials/write-a-plugin.md").read_text(encoding="utf-8")
    (function,) = re.findall(r"```python\n(.*?)```", tutorial, flags=re.DOTALL)
    terminal.begin(story.slug, function)
    install = 'altiplano-plugin install --connect "$ALTIPLANO" --key "$KEY"'
    terminal.type("altiplano-plugin test")
    terminal.type("altiplano-plugin pack")

    unsigned = terminal.type(install, status=1).text
    assert "signature.json ALT412 Nobody signed this file." in unsigned
    assert "`altiplano-plugin sign`" in unsigned
    signed = terminal.type("altiplano-plugin sign --new-key").text
    (public,) = re.findall(r"ed25519:\S+", signed)
    unknown = terminal.type(install, status=1).text
    assert "ALT412" in unknown
    assert "Add its public half to your keys in the portal" in unknown
    assert (
        "with a key of its author" in terminal.type("altiplano-plugin check --explain ALT412").text
    )

    add_key(story, public)
    sent = terminal.type(install).text
    (address,) = re.findall(r"Next: (\S+)", sent)
    page = story.page
    page.goto(address)
    release = page.locator("article.plugin").get_attribute("id").removeprefix("release-")
    story.checked(release)
    expect(page.locator("[data-moving]")).to_have_count(0)

    story.decide(release, story.words.publish)
    page.goto(f"{story.platform.url}/plugins/{story.slug}/install/")
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".messages")).to_contain_text(story.words.installed)
    app = make_app(story, field="Words", config={"words": ["e=a letter"]})
    assert story.ask(app)["answer"].endswith("e: a letter.")

    story.decide(release, story.words.recall, "It spells.")
    assert story.ask(app, status=409)["code"] == "plugin_recalled"


class Running:
    """A command that runs until Ctrl-C, as a process group of its own, and what it said so far."""

    def __init__(self, command: str, terminal: Terminal) -> None:
        self.process = subprocess.Popen(
            ["/bin/bash", "-euc", f"exec {command}"],
            cwd=terminal.folder,
            env=terminal.shell,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._arriving: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self._arriving.put(line.rstrip())
        self._arriving.put(None)

    def says(self, pattern: str, seconds: float = 60) -> str:
        """The next line that the pattern is found in; the lines before it are passed over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._arriving.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"never said {pattern}: {self.lines}")

    def interrupt(self) -> int:
        """Ctrl-C, which the whole group hears; how it ended."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=STOP_SECONDS)

    def is_anything_left(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def end(self) -> None:
        if self.is_anything_left():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=STOP_SECONDS)
        self._reader.join(timeout=STOP_SECONDS)


def test_folder_runs_in_a_draft_app_while_its_author_edits(story: Story, terminal: Terminal):
    entry = terminal.begin(story.slug, FUNCTION)
    app = story.platform.api(
        "POST", "/apps", status=201, json={"name": story.slug, "template": "chat"}
    )
    name = shlex.quote(app["slug"])
    dev = Running(
        f'altiplano-plugin dev --connect "$ALTIPLANO" --key "$KEY" --app {name}', terminal
    )
    try:
        dev.says(f"is in the draft of {name}")
        builder = dev.says(r"/apps/\S+/build/").strip()
        dev.says("Ctrl-C ends")
        guard = {"kind": "guard", "plugin": story.slug, "config": {}}
        stages = [*app["draft"]["pipeline"], guard]
        story.platform.api("PATCH", f"/apps/{app['id']}", json={"pipeline": stages})

        page = story.page
        page.goto(builder)
        assert try_out(page).endswith("(first draft)")
        dev.says(r"info +looked.* signs=\d+")
        dev.says(rf"stage +{story.slug} +[\d.]+ ms")
        dev.says("run +finished")

        saved = entry.read_text()
        entry.write_text(saved.replace("async def check", "def check"))
        dev.says(rf"{entry.name}:\d+ +ALT203")
        dev.says("Not sent; the app goes on with what it has")
        entry.write_text(saved.replace("first draft", "second draft"))
        dev.says("is in the draft of")
        assert try_out(page).endswith("(second draft)")
        dev.says("looked")
        dev.says("run +finished")

        assert dev.interrupt() == 0
        dev.says("The draft stays with the app")
        assert not dev.is_anything_left()
        assert not any("Traceback" in line for line in dev.lines)
    finally:
        dev.end()


def try_out(page: Page) -> str:
    """The answer of the draft, asked beside its stages."""
    turns = page.locator("article.turn")
    before = turns.count()
    page.fill("#id_input", "What is compost?")
    page.press("#id_input", "Enter")
    expect(turns).to_have_count(before + 1)
    expect(turns.last).to_have_attribute("data-state", "finished", timeout=ANSWER_MS)
    return turns.last.locator(".answer").inner_text().strip()
