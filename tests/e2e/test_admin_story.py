"""The operator's story: what is broken and why, tried again, who waits, held and opened, in a
person's place and back. In both languages and widths, beside the real workers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import enter_dashboard, open_page
from tests.e2e.test_browser_manners import WCAG_22_AA

DAMAGED = b"%PDF-1.4\nthis is no page"
READERS = [("en", 1280), ("fr", 390)]


@dataclass(frozen=True)
class Words:
    """What the story reads and presses, in one language."""

    try_again: str
    done: str
    hold: str
    hold_submit: str
    open_link: str
    open_submit: str
    place: str
    take: str
    back: str


WORDS = {
    "en": Words(
        "Try again", "Done for 1 row.", "Pause or drain…", "Hold the queue", "Open…",
        "Open the queue", "Work in their place…", "Take their place", "Give back",
    ),
    "fr": Words(
        "Réessayer", "Fait pour 1 ligne.", "Retenir…", "Retenir la file", "Rouvrir…",
        "Rouvrir la file", "Travailler à sa place…", "Prendre sa place", "Rendre sa place",
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=READERS, ids=lambda each: f"{each[0]}-{each[1]}")
def reader(request, browser, platform, operator) -> Iterator[tuple[Page, Words, str]]:
    """The dashboard, entered by the portal's own sign-in; errors of its scripts fail the test."""
    language, width = request.param
    context, page = open_page(browser, viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
    )
    enter_dashboard(page, platform, operator)
    yield page, WORDS[language], language
    context.close()
    assert problems == []


def upload(platform, name: str, content: bytes) -> str:
    response = requests.post(
        f"{platform.url}/api/v1/collections/{platform.demo['collection']}/documents",
        headers={"Authorization": f"Bearer {platform.demo['api_key']}"},
        files={"file": (name, content)},
        timeout=60,
    )
    assert response.status_code == 202, response.text
    document: str = response.json()[0]["id"]
    return document


def test_failed_job_is_found_with_its_reason_and_tried_again_in_under_five_clicks(
    platform, reader, operator
):
    page, words, language = reader
    page.goto(platform.url + "/admin/")
    document = upload(platform, f"damaged-{language}.pdf", DAMAGED)
    platform.wait_for(document, "failed")
    # The page learns of it by itself.
    row = page.locator(".ops-table tr", has=page.get_by_role("button", name=words.try_again)).first
    expect(row).to_be_visible(timeout=30_000)
    expect(row).to_contain_text("PDF")
    clicks = 0
    row.get_by_role("link").first.click()
    clicks += 1
    expect(page.locator(".ops-log")).to_contain_text("job.failed")
    page.get_by_role("button", name=words.try_again).click()
    clicks += 1
    expect(page.locator(".ops-names li")).to_have_count(1)
    page.get_by_role("button", name=words.try_again).click()
    clicks += 1
    expect(page.get_by_text(words.done)).to_be_visible()
    assert clicks < 5
    platform.wait_for(document, "failed")  # it is as damaged as before
    platform.api("DELETE", f"/documents/{document}", status=204)


def test_queue_is_paused_for_a_reason_and_opened_again(platform, reader):
    page, words, language = reader
    page.goto(platform.url + "/admin/queues/ingest/")
    page.fill("#ops-reason", "Disk")
    page.get_by_role("button", name=words.hold_submit).click()
    page.wait_for_url("**/admin/")
    held = page.locator("[aria-labelledby=ops-waiting] tr", has_text="ingest").first
    expect(held).to_contain_text("Disk")
    document = upload(platform, f"waits-{language}.txt", b"Beans are sown in May. " * 20)
    expect(held.locator("td").first).to_have_text(re.compile("^[1-9]"), timeout=30_000)
    assert platform.api("GET", f"/documents/{document}")["state"] == "queued"
    held.get_by_role("link", name=words.open_link).click()
    page.get_by_role("button", name=words.open_submit).click()
    platform.wait_for(document, "ready")
    expect(held).to_contain_text(words.hold)
    platform.api("DELETE", f"/documents/{document}", status=204)


def test_operator_works_in_a_persons_place_and_gives_it_back(platform, reader, operator):
    page, words, _ = reader
    page.goto(platform.url + "/admin/accounts/user/?q=" + platform.demo["email"])
    page.locator("#result_list").get_by_role("link", name=platform.demo["email"]).first.click()
    page.get_by_role("link", name=words.place).click()
    page.fill("#ops-reason", "Asked by phone")
    page.get_by_role("button", name=words.take).click()
    page.wait_for_url("**/home/")
    banner = page.locator(".banner-urgent")
    expect(banner).to_contain_text(platform.demo["email"])
    assert page.goto(platform.url + "/accounts/password/change/").status == 403
    assert page.goto(platform.url + "/admin/").status == 403
    page.goto(platform.url + "/home/")
    banner.get_by_role("button", name=words.back).click()
    page.wait_for_url("**/admin/accounts/user/**")
    page.goto(platform.url + "/admin/accounts/auditevent/?q=stand_in")
    expect(page.locator("#result_list")).to_contain_text(operator["email"])


@pytest.mark.parametrize("address", ["/admin/", "/admin/queues/runs/", "/admin/everything/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_our_pages_are_accessible_and_fit(platform, reader, address, scheme):
    page, _, language = reader
    page.emulate_media(color_scheme=scheme)
    page.goto(platform.url + address)
    expect(page.locator(".ops-panel").first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == language
    assert not page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    found = Axe().run(page, options=WCAG_22_AA)
    assert found.response["violations"] == [], found.generate_report()
