"""How the pages behave for everyone: language, keyboard, screen readers, small screens, slow lines."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.conftest import every, open_address, open_page, sign_in
from tests.e2e.pages import PAGES, Visitor
from tests.e2e.test_browser_story import wait_until_over

WCAG_22_AA = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


def test_language_is_chosen_once_and_kept(page, platform):
    page.goto(f"{platform.url}/home/")
    page.get_by_role("button", name="FR").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    expect(page.locator("body")).to_contain_text("Vous parlez à une IA")


def test_tabs_are_one_line_on_a_phone_and_show_where_one_is(browser, platform):
    context, page = open_page(browser, viewport={"width": 390, "height": 800})
    sign_in(page, platform)
    page.goto(platform.url + "/organization/history/")
    current = page.locator(".tabs [aria-current]")
    first = page.locator(".tabs a").first
    expect(current).to_be_in_viewport(ratio=1)
    assert first.evaluate("a => a.offsetTop") == current.evaluate("a => a.offsetTop")
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_are_accessible_and_fit(browser, platform, places, width, language):
    found = {}
    for visitor in Visitor:
        context, page = open_page(browser, viewport={"width": width, "height": 800})
        context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
        if visitor is Visitor.OWNER:
            sign_in(page, platform)
        for each in (each for each in PAGES if each.visitor is visitor):
            open_address(page, platform, each.address.format(**places))
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                found[each.name] = "wider than the window"
            violations = Axe().run(page, options=WCAG_22_AA).response["violations"]
            if violations:
                found[each.name] = [(one["id"], one["nodes"][0]["target"]) for one in violations]
        context.close()
    assert found == {}


def test_pages_are_small_and_load_nothing_from_elsewhere(browser, platform, places):
    """Each page in a fresh browser, as the first one that a person opens (P11: 100 KB in all)."""
    hosts, sizes, scripts = set(), {}, {}
    _, seed = open_page(browser)
    sign_in(seed, platform)
    cookies = seed.context.cookies()
    seed.context.close()
    for each in PAGES:
        context, page = open_page(browser)
        if each.visitor is Visitor.OWNER:
            context.add_cookies(cookies)
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        addresses: dict[str, str] = {}
        weight = {"all": 0.0, "script": 0.0}

        def opened(event, addresses=addresses) -> None:
            addresses[event["requestId"]] = event["request"]["url"]

        def finished(event, addresses=addresses, weight=weight) -> None:
            address = addresses.get(event["requestId"], "")
            weight["all"] += event["encodedDataLength"]
            weight["script"] += event["encodedDataLength"] if address.endswith(".js") else 0

        wire.on("Network.requestWillBeSent", opened)
        wire.on("Network.loadingFinished", finished)
        page.goto(platform.url + each.address.format(**places))
        page.wait_for_load_state("networkidle")
        own = [one for one in addresses.values() if not one.startswith(("data:", "blob:"))]
        hosts |= {one.split("/")[2] for one in own}
        sizes[each.name], scripts[each.name] = weight["all"], weight["script"]
        context.close()
    assert hosts == {platform.url.split("/")[2]}
    assert {name: size for name, size in sizes.items() if not 0 < size <= 100_000} == {}
    assert {name: size for name, size in scripts.items() if size > 15_000} == {}


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
    wait_until_over(page)
    page.locator("a.chip").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#close-source")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("a.chip").first).to_be_focused()
