"""What people do that no form expects: twice, backwards, too late, and with names of every kind."""

import re
import secrets
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Platform, open_page, sign_in
from tests.e2e.test_browser_story import ANSWER_MS, wait_until_over

NAMES = {
    "without a space": "Donaudampfschifffahrtsgesellschaftskapitän" * 5,
    "from right to left": "حديقة المدرسة للجميع " * 9,
    "with emoji": "🌱👩‍🌾🏳️‍🌈 " * 20,
}


def long_name(kind: str) -> str:
    return f"{NAMES[kind]}{secrets.token_hex(4)}"[-200:].strip()


def test_double_click_makes_one_app(page: Page, platform: Platform):
    name = f"Twice {secrets.token_hex(3)}"
    page.goto(platform.url + "/apps/new/")
    page.fill("[name=name]", name)
    page.check("[name=template][value=chat]")
    page.get_by_role("button", name="Create the app").dblclick()
    page.wait_for_url("**/build/**")
    made = [app for app in platform.api("GET", "/apps") if app["name"] == name]
    assert len(made) == 1
    platform.api("DELETE", f"/apps/{made[0]['id']}", status=204)


def test_double_click_on_ask_asks_once_and_does_not_stop_the_answer(page: Page, platform: Platform):
    question = f"How long does compost take to mature? {secrets.token_hex(3)}"
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", question)
    page.locator("#send").dblclick(delay=20)
    wait_until_over(page)
    expect(page.locator("article.turn")).to_have_count(1)
    assert len(asked(platform, question)) == 1


def test_double_click_on_ask_without_scripts_asks_once(browser: Browser, platform: Platform):
    question = f"How long does compost take to mature? {secrets.token_hex(3)}"
    context, page = open_page(browser, java_script_enabled=False)
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", question)
    page.locator("#send").dblclick()
    page.wait_for_url("**/runs/*/")
    runs = asked(platform, question)
    context.close()
    assert len(runs) == 1
    assert runs[0]["id"] == page.url.rstrip("/").rpartition("/")[2]


def asked(platform: Platform, question: str) -> list[Any]:
    """The runs of the demo's app with this question."""
    found = platform.api("GET", f"/apps/{platform.demo['app']}/runs")
    return [run for run in found if run["question"] == question]


def test_back_button_after_a_form_was_sent_shows_one_that_works(page: Page, platform: Platform):
    name = f"Back {secrets.token_hex(3)}"
    page.goto(platform.url + "/collections/new/")
    page.fill("[name=name]", name)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile("/collections/[0-9a-f-]{36}/"))
    collection = page.url.rstrip("/").rpartition("/")[2]
    page.go_back()
    page.fill("[name=name]", name)
    page.locator("main button[type=submit]").click()
    expect(page.locator("main .error").first).to_contain_text(name)
    expect(page.locator("[name=name]")).to_have_value(name)
    platform.api("DELETE", f"/collections/{collection}", status=204)


def test_long_form_sent_after_the_session_ended_is_there_again(page: Page, platform: Platform):
    app = platform.api(
        "POST",
        "/apps",
        status=201,
        json={"name": f"Late {secrets.token_hex(3)}", "template": "chat"},
    )
    page.goto(f"{platform.url}/apps/{app['id']}/share/")
    page.fill("[name=greeting]", "Ask us about the garden, in your own words.")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save what visitors see").click()
    page.fill("[name=login]", platform.demo["email"])
    page.fill("[name=password]", platform.demo["password"])
    page.click("main button[type=submit]")
    page.wait_for_url(f"**/apps/{app['id']}/share/")
    expect(page.locator("[name=greeting]")).to_have_value(
        "Ask us about the garden, in your own words."
    )
    page.get_by_role("button", name="Save what visitors see").click()
    expect(page.locator(".messages")).to_contain_text("Saved.")
    platform.api("DELETE", f"/apps/{app['id']}", status=204)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", NAMES)
def test_long_names_fit_into_every_page(browser: Browser, platform: Platform, kind, width):
    name = long_name(kind)
    collection = platform.api("POST", "/collections", status=201, json={"name": name})["id"]
    wish = {"name": name, "template": "cited-answer", "collections": [collection]}
    app = platform.api("POST", "/apps", status=201, json=wish)["id"]
    platform.api("POST", f"/apps/{app}/versions", status=201)
    platform.api("POST", f"/apps/{app}/publish", json={"version": 1})
    context, page = open_page(browser, viewport={"width": width, "height": 800})
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{app}/")
    page.fill("#id_input", name)
    page.click("#send")
    expect(page.locator("article.turn").last).to_have_attribute(
        "data-state", re.compile("finished|failed"), timeout=ANSWER_MS
    )
    run = page.url.removeprefix(platform.url)
    wide = []
    for address in (
        run,
        "/home/",
        f"{run}?view=reading",
        f"{run}trace/",
        "/conversations/",
        "/collections/",
        f"/collections/{collection}/",
        f"/collections/{collection}/settings/",
        f"/collections/{collection}/search/?q=compost&mode=lexical",
        f"/collections/{collection}/delete/",
        "/apps/",
        f"/apps/{app}/",
        f"/apps/{app}/build/",
        f"/apps/{app}/versions/",
        f"/apps/{app}/about/",
        f"/apps/{app}/publish/",
        f"/apps/{app}/versions/1/restore/",
        f"/apps/{app}/versions/compare/?from=1&to=draft",
        f"/apps/{app}/share/",
        f"/apps/{app}/share/website/",
        f"/apps/{app}/delete/",
        "/usage/",
        "/organization/history/",
    ):
        page.goto(platform.url + address)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(address)
    context.close()
    platform.api("DELETE", f"/apps/{app}", status=204)
    platform.api("DELETE", f"/collections/{collection}", status=204)
    assert wide == []
