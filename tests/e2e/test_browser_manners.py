"""How the pages behave for everyone: language, keyboard, screen readers, small screens, slow lines."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.conftest import every, open_page, sign_in
from tests.e2e.test_browser_story import ANSWER_MS


def test_language_is_chosen_once_and_kept(page, platform):
    page.goto(f"{platform.url}/home/")
    page.get_by_role("button", name="FR").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    expect(page.locator("body")).to_contain_text("Vous parlez à une IA")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_are_accessible_and_fit(browser, platform, width, language):
    context, page = open_page(browser, viewport={"width": width, "height": 800})
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    sign_in(page, platform)
    collection, app = platform.demo["collection"], platform.demo["app"]
    for address in (
        "/home/",
        f"/collections/{collection}/",
        f"/apps/{app}/",
        f"/apps/{app}/about/",
        "/apps/new/",
        "/collections/new/",
        "/keys/",
        "/nowhere/",
    ):
        page.goto(platform.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        violations = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["target"]) for each in violations] == [], address
    context.close()


def test_pages_are_small_and_load_nothing_from_elsewhere(page, platform):
    hosts, sizes = set(), {}

    def note(response) -> None:
        hosts.add(response.url.split("/")[2])
        sizes[response.url] = len(response.body()) if response.ok else 0

    page.on("response", note)
    page.goto(f"{platform.url}/collections/{platform.demo['collection']}/")
    page.wait_for_load_state("networkidle")
    assert hosts == {platform.url.split("/")[2]}
    assert sum(sizes.values()) <= 110_000
    own = [size for url, size in sizes.items() if "/static/web/" in url and url.endswith(".js")]
    assert sum(own) <= 15_000


def test_everything_can_be_done_by_keyboard(page, platform):
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in every(0.02, 5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "id_input":
            break
    page.keyboard.type("How long does compost take to mature?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*/", timeout=ANSWER_MS)
    page.locator("a.chip").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#close-source")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("a.chip").first).to_be_focused()
