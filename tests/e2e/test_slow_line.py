"""A slow line and one that breaks: 400 kbit/s with 400 ms to the server and back (slow 3G)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.conftest import Platform, open_page, sign_in
from tests.e2e.proxy import CuttingProxy
from tests.e2e.test_browser_story import wait_until_over

BYTES_PER_SECOND = 400_000 / 8
LATENCY_MS = 400
FIRST_LOAD_BYTES = 40_000
FIRST_LOAD_MS = 6_000
SLOW_MS = 60_000


@dataclass(slots=True)
class Line:
    """The line of one page to the platform at ``url``, and the size of what came over it."""

    wire: CDPSession
    proxy: CuttingProxy
    sizes: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.proxy.url

    def open(self, *, offline: bool = False) -> None:
        conditions = {
            "offline": offline,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        }
        self.wire.send("Network.emulateNetworkConditions", conditions)
        if not offline:
            self.proxy.cut()  # what was opened while the line was away is over, too

    def cut(self) -> None:
        """The line is away, in the middle of what was on its way."""
        self.open(offline=True)
        self.proxy.leave()


@pytest.fixture
def slow(browser: Browser, platform: Platform) -> Iterator[tuple[Page, Line]]:
    """Somebody who is signed in, by a slow line and with an empty cache."""
    with CuttingProxy(int(platform.url.rpartition(":")[2])) as proxy:
        context, page = open_page(browser)
        context.set_default_timeout(SLOW_MS)
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        line = Line(wire, proxy)
        wire.on("Network.loadingFinished", lambda it: line.sizes.append(it["encodedDataLength"]))
        line.open()
        sign_in(page, replace(platform, url=line.url))
        wire.send("Network.clearBrowserCache")
        yield page, line
        context.close()


def test_chat_is_small_and_soon_usable_and_answers(slow, platform):
    page, line = slow
    line.sizes.clear()
    page.goto(f"{line.url}/apps/{platform.demo['app']}/", wait_until="commit")
    page.locator("#id_input").focus()
    usable = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    everything = page.evaluate("performance.now()")
    size = sum(line.sizes)
    figures = f"{size:.0f} bytes, usable after {usable:.0f} ms, all of it after {everything:.0f} ms"
    assert 0 < size <= FIRST_LOAD_BYTES, figures
    assert usable <= FIRST_LOAD_MS, figures
    page.fill("#id_input", "How long does compost take to mature?")
    page.click("#send")
    wait_until_over(page)
    page.locator("a.chip").first.click()
    expect(page.locator("#source mark")).to_be_visible()


def test_question_sent_before_the_scripts_are_there_is_answered(slow, platform):
    page, line = slow
    page.route(re.compile(r"/static/runs/chat[^/]*\.js"), lambda route: route.abort())
    page.goto(f"{line.url}/apps/{platform.demo['app']}/", wait_until="commit")
    page.fill("#id_input", "How long does compost take to mature?")
    page.click("#send")
    page.wait_for_url("**/runs/*/")
    page.unroute(re.compile(r"/static/runs/chat[^/]*\.js"))
    page.reload()
    wait_until_over(page)
    expect(page.locator(".turn .answer")).not_to_be_empty()


def test_question_asked_without_a_line_keeps_its_text_and_can_be_sent_again(slow, platform):
    page, line = slow
    page.goto(f"{line.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", "How long does compost take to mature?")
    line.cut()
    page.click("#send")
    expect(page.locator("#problem")).to_contain_text("Your text is still here")
    expect(page.locator("#id_input")).to_have_value("How long does compost take to mature?")
    line.open()
    page.click("#send")
    wait_until_over(page)
