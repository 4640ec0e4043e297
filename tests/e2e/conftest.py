"""The real thing, started once: ``altiplano up`` in a home of its own, and a browser."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

START_SECONDS = 300
STOP_SECONDS = 40
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform; ``demo`` is what its demo.json says."""

    url: str
    home: Path
    demo: dict[str, Any]

    def api(self, method: str, path: str, *, status: int = 200, **kwargs: Any) -> Any:
        """What the API answers, after it answered with ``status``."""
        response = requests.request(
            method,
            f"{self.url}/api/v1{path}",
            headers={"Authorization": f"Bearer {self.demo['api_key']}"},
            timeout=120,
            **kwargs,
        )
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    def wait_for(self, document: str, *states: str, seconds: float = 120) -> dict[str, Any]:
        """The document once it is in one of the states; what it said on the way is in the error."""
        seen: list[str] = []
        for _ in every(0.3, seconds):
            found: dict[str, Any] = self.api("GET", f"/documents/{document}")
            if found["state"] in states:
                return found
            seen.append(f"{found['state']} {found['progress']}")
        raise AssertionError(f"never {states}: {seen[-5:]}")


def every(pause: float, seconds: float) -> Iterator[float]:
    """Yields about each ``pause`` seconds until ``seconds`` are over, beginning at once."""
    start = time.monotonic()
    waiter = socket.socketpair()
    waiter[0].settimeout(pause)
    try:
        while (passed := time.monotonic() - start) < seconds:
            yield passed
            try:
                waiter[0].recv(1)
            except TimeoutError:
                continue
    finally:
        for end in waiter:
            end.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def platform(tmp_path_factory) -> Iterator[Platform]:
    """A platform of its own; with ``ALTIPLANO_E2E_HOME`` the one that runs in that home already."""
    if running := os.environ.get("ALTIPLANO_E2E_HOME"):
        demo = json.loads(Path(running, "demo.json").read_text(encoding="utf-8"))
        yield Platform(url=demo["url"], home=Path(running), demo=demo)
        return
    home = tmp_path_factory.mktemp("altiplano")
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ALTIPLANO_", "DJANGO_"))
    }
    environment |= {"ALTIPLANO_HOME": str(home), "ALTIPLANO_PORT": str(port)}
    log = (home.parent / "up.log").open("w", encoding="utf-8")
    command = [str(Path(sys.executable).parent / "altiplano"), "up"]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield Platform(
            url=f"http://127.0.0.1:{port}",
            home=home,
            demo=_wait_until_ready(process, home, port, log),
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=STOP_SECONDS)
        log.close()


def _wait_until_ready(
    process: subprocess.Popen[bytes], home: Path, port: int, log: Any
) -> dict[str, Any]:
    log_path = Path(log.name)
    for _ in every(0.5, START_SECONDS):
        is_up = "Altiplano is ready" in log_path.read_text(encoding="utf-8")
        if process.poll() is not None or (is_up and not (home / "demo.json").exists()):
            break
        if is_up and _is_ready(port):
            demo: dict[str, Any] = json.loads((home / "demo.json").read_text(encoding="utf-8"))
            return demo
    said = log_path.read_text(encoding="utf-8")
    raise AssertionError("altiplano up did not become ready:\n" + said[-4000:])


def _is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


@pytest.fixture(scope="session")
def places(browser: Browser, platform: Platform) -> dict[str, str]:
    """What the addresses in pages.py are filled with: the demo's things and one answered run."""
    from tests.e2e.places import make_places

    return make_places(browser, platform)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium where there is one, else the one that Playwright installed."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


def open_page(browser: Browser, **options: Any) -> tuple[BrowserContext, Page]:
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = browser.new_context(**options)
    context.set_default_timeout(30_000)
    return context, context.new_page()


@pytest.fixture(scope="session")
def operator(platform: Platform) -> dict[str, str]:
    """The address and password of staff, made by the command that the documentation names."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ALTIPLANO_", "DJANGO_"))
    }
    command = [str(Path(sys.executable).parent / "altiplano"), "staff", "create"]
    made = subprocess.run(
        [*command, "--email", f"operator-{secrets.token_hex(4)}@example.org"],
        env=environment | {"ALTIPLANO_HOME": str(platform.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    person: dict[str, str] = json.loads(made.stdout)
    return person


def enter_dashboard(page: Page, platform: Platform, operator: dict[str, str]) -> None:
    """The operator is on the dashboard's overview, by the portal's own sign-in."""
    page.goto(platform.url + "/admin/")
    page.fill("[name=login]", operator["email"])
    page.fill("[name=password]", operator["password"])
    page.click("main button[type=submit]")
    page.wait_for_url("**/admin/")


def sign_in(page: Page, platform: Platform) -> None:
    """The demo's owner is signed in and on the first page, in English if nothing was chosen."""
    if not page.context.cookies():
        page.context.add_cookies([{"name": "django_language", "value": "en", "url": platform.url}])
    page.goto(platform.url + "/accounts/login/")
    page.fill("[name=login]", platform.demo["email"])
    page.fill("[name=password]", platform.demo["password"])
    page.click("main button[type=submit]")
    page.wait_for_url("**/home/")


def open_address(page: Page, platform: Platform, address: str) -> None:
    """The address is open, "Is it you?" answered if it stood in the way."""
    page.goto(platform.url + address)
    if "/reauthenticate/" in page.url and "/reauthenticate/" not in address:
        page.fill("[name=password]", platform.demo["password"])
        page.click("main button[type=submit]")
        page.wait_for_url("**" + address)


@pytest.fixture
def page(browser: Browser, platform: Platform) -> Iterator[Page]:
    """A page signed in as the demo's owner; errors of its scripts fail the test."""
    context, opened = open_page(browser)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(opened, platform)
    yield opened
    context.close()
    assert problems == []
