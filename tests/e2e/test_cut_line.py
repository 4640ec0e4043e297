"""A line that breaks in the middle: an answer goes on, and a file is sent again as a whole, once."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.conftest import Platform, every, open_page, sign_in
from tests.e2e.proxy import CuttingProxy
from tests.e2e.test_browser_story import ANSWER_MS, wait_for_words, wait_until_over

SLOW_UPLOAD = 400_000
LETTERS = re.compile(r"\W+")


@pytest.fixture
def proxy(platform: Platform) -> Iterator[CuttingProxy]:
    with CuttingProxy(int(platform.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
def far(browser: Browser, platform: Platform, proxy: CuttingProxy) -> Iterator[Page]:
    """Somebody signed in through the proxy."""
    context, page = open_page(browser)
    sign_in(page, replace(platform, url=proxy.url))
    yield page
    context.close()


@pytest.fixture
def collection(platform: Platform) -> Iterator[str]:
    name = f"Cut {secrets.token_hex(3)}"
    made: str = platform.api("POST", "/collections", status=201, json={"name": name})["id"]
    yield made
    platform.api("DELETE", f"/collections/{made}", status=204)


def set_line(wire: CDPSession, *, offline: bool = False, upload: int = -1) -> None:
    """The page's line as it is from now on; ``upload`` in bytes a second."""
    wire.send(
        "Network.emulateNetworkConditions",
        {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload},
    )


def names_of(platform: Platform, collection: str) -> list[str]:
    found = platform.api("GET", f"/collections/{collection}/documents")
    return sorted(each["name"] for each in found["items"])


def is_tidy(platform: Platform) -> bool:
    """Whether nothing is left of what did not arrive; the server may take a moment to notice."""
    for _ in every(0.3, 20):
        if not any(each.is_file() for each in (platform.home / "uploads").rglob("*")):
            return True
    return False


def test_file_that_was_cut_off_says_so_and_is_there_once_when_the_line_is_back(
    far: Page, proxy: CuttingProxy, platform: Platform, collection: str, tmp_path: Path
):
    (tmp_path / "heavy.txt").write_text("Peas climb up poles, and beans as well. " * 150_000)
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(f"Note {name}: the gate closes at six.")
    far.goto(f"{proxy.url}/collections/{collection}/")
    wire = far.context.new_cdp_session(far)
    wire.send("Network.enable")
    set_line(wire, upload=SLOW_UPLOAD)
    far.set_input_files("#id_file", sorted(tmp_path.iterdir()))
    rows = far.locator("#upload-list li")
    expect(rows).to_have_count(3)
    heavy = rows.filter(has_text="heavy.txt")
    expect(far.locator("#upload-list li.here")).to_have_count(2)  # the others go on
    expect(heavy.locator(".upload-text")).to_contain_text("MB of")

    proxy.leave()
    set_line(wire, offline=True)
    expect(heavy).to_have_class("lost")
    expect(heavy).to_contain_text("There is no connection.")
    again = heavy.get_by_role("button", name="Try again")
    again.click()
    expect(heavy).to_have_class("lost")
    expect(again).to_be_visible()
    assert names_of(platform, collection) == ["one.txt", "two.txt"]
    assert is_tidy(platform)

    proxy.cut()
    set_line(wire)
    expect(heavy).to_have_class("here", timeout=ANSWER_MS)
    assert names_of(platform, collection) == ["heavy.txt", "one.txt", "two.txt"]
    expect(far.locator("#rows tr", has_text="heavy.txt")).to_have_count(1)


def test_file_that_the_server_cut_off_is_sent_again_by_its_button(
    page: Page, platform: Platform, collection: str, tmp_path: Path
):
    note = tmp_path / "note.txt"
    note.write_text("Peas climb up poles, and beans as well.")
    page.goto(f"{platform.url}/collections/{collection}/")
    uploads = re.compile(f"/collections/{collection}/")
    page.route(uploads, lambda route: route.abort("connectionreset"))
    page.set_input_files("#id_file", note)
    row = page.locator("#upload-list li")
    expect(row).to_have_class("lost")
    expect(row).to_contain_text("The connection broke. The file did not arrive")
    page.unroute(uploads)
    row.get_by_role("button", name="Try again").click()
    expect(row).to_have_class("here")
    assert names_of(platform, collection) == ["note.txt"]


def test_answer_goes_on_after_the_line_was_away(far: Page, proxy: CuttingProxy, platform: Platform):
    name = f"Far away {secrets.token_hex(3)}"
    app = platform.api("POST", "/apps", status=201, json={"name": name, "template": "chat"})
    far.goto(f"{proxy.url}/apps/{app['id']}/")
    far.fill("#id_input", "Write a long story about a bridge.")
    far.click("#send")
    wait_for_words(far)
    proxy.cut()
    wait_until_over(far)
    run = platform.api("GET", "/runs/" + far.url.rstrip("/").rpartition("/")[2])
    assert run["state"] == "finished"
    shown = far.locator(".turn .answer").inner_text()
    assert LETTERS.sub("", shown) == LETTERS.sub("", run["answer"])
    platform.api("DELETE", f"/apps/{app['id']}", status=204)
