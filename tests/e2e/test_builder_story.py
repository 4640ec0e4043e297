"""An app is built without code: its stages, a trial beside them, versions, two people at once."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Platform, open_page, sign_in

ANSWER_MS = 90_000
WORDS = {
    "en": {
        "saved": "The draft is saved",
        "too many": "must be at most 100",
        "other": "has changed this draft",
        "question": "How long does compost take to mature?",
        "copy": "(copy)",
        "passages": "Passages:",
        "stage": "Retrieve",
    },
    "fr": {
        "saved": "Le brouillon est enregistré",
        "too many": "doit valoir au plus 100",
        "other": "a modifié ce brouillon",
        "question": "Combien de temps faut-il au compost pour mûrir ?",
        "copy": "(copie)",
        "passages": "Passages :",
        "stage": "Recherche",
    },
}


@contextmanager
def signed_in(
    browser: Browser, platform: Platform, language: str = "en", **options: Any
) -> Iterator[Page]:
    """A page of the demo's owner; errors of its scripts fail the test."""
    context, page = open_page(browser, **options)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    sign_in(page, platform)
    yield page
    context.close()
    assert problems == []


def make_app(page: Page, platform: Platform) -> str:
    """A new app from the first template and the demo's collection; its name."""
    name = f"Story {secrets.token_hex(3)}"
    page.goto(platform.url + "/apps/new/")
    page.fill("#id_name", name)
    wanted = page.locator(f"[name=collections][value='{platform.demo['collection']}']")
    wanted.check()
    page.locator("main form[data-keep] button[type=submit]").click()
    page.wait_for_url("**/build/")
    return name


def address_of(page: Page) -> str:
    """The app's address, whichever of its pages is open."""
    found = re.match(r".*/apps/[0-9a-f-]{36}/", page.url)
    assert found is not None
    return found[0]


def save(page: Page) -> None:
    page.locator("form[data-draft] .buttons button[type=submit]").click()


def set_passages(page: Page, number: str) -> None:
    page.fill("[id='id_config.k']", number)
    save(page)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_app_is_built_tried_published_rolled_back_copied_and_deleted(browser, platform, language):
    say = WORDS[language]
    with signed_in(browser, platform, language) as page:
        name = make_app(page, platform)
        expect(page.locator("h1")).to_have_text(name)
        expect(page.locator(".pipeline li")).to_have_count(5)
        expect(page.locator(".pipeline a[aria-current]")).to_contain_text(say["stage"])

        set_passages(page, "3000")
        assert not page.locator("[id='id_config.k']").evaluate("field => field.validity.valid")
        page.locator("[id='id_config.k']").evaluate("field => field.removeAttribute('max')")
        save(page)
        expect(page.locator("[id='id_config.k_help'] .error")).to_have_text(say["too many"])
        expect(page.locator("[id='id_config.k']")).to_have_value("3000")
        set_passages(page, "8")
        expect(page.locator("#editor .notice.ok")).to_contain_text(say["saved"])

        page.fill("#id_input", say["question"])
        page.click("#send")
        newest = page.locator("article.turn").last
        expect(newest).to_have_attribute("data-state", "finished", timeout=ANSWER_MS)
        expect(page.locator("#trace .trace-passages > li")).to_have_count(8)
        assert page.locator("#trace .trace-stages > li").count() == 5
        expect(page.locator("#trace .trace-message").last).to_contain_text("user")
        page.locator(".pipeline a").nth(2).click()
        expect(page.locator("[id='id_config.instructions']")).to_be_visible()
        expect(newest).to_be_visible()
        page.reload()
        expect(page.locator("article.turn")).to_have_count(1)
        expect(page.locator("#trace .trace-passages > li")).to_have_count(8)

        app = address_of(page)
        page.goto(app + "publish/")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/versions/")
        page.goto(app + "build/?stage=0")
        set_passages(page, "4")
        expect(page.locator("#editor .notice.ok")).to_be_visible()
        page.goto(app + "publish/")
        change = page.locator(".changes > li > ul > li")
        expect(change).to_contain_text(say["passages"])
        expect(change.locator("del")).to_contain_text("8")
        expect(change.locator("ins")).to_contain_text("4")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/versions/")
        expect(page.locator("tbody tr")).to_have_count(2)

        page.locator("a[href*='publish/?version=1']").click()
        expect(page.locator(".changes ins")).to_contain_text("8")
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/versions/")
        expect(page.locator("tr", has=page.locator(".pill.published"))).to_contain_text("Version 1")

        page.goto(app + "about/")
        page.locator("form[action$='duplicate/'] button").click()
        page.wait_for_url("**/build/")
        expect(page.locator("h1")).to_have_text(f"{name} {say['copy']}")
        expect(page.locator("[id='id_config.k']")).to_have_value("4")
        for address, title in ((address_of(page), f"{name} {say['copy']}"), (app, name)):
            page.goto(address + "delete/")
            page.fill("#id_name", title)
            page.locator("main form button.danger").click()
            page.wait_for_url("**/apps/")
        expect(page.locator(".things", has_text=name)).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_second_of_two_browsers_is_told_keeps_the_text_and_decides(browser, platform, language):
    with signed_in(browser, platform, language) as one, signed_in(browser, platform) as two:
        make_app(one, platform)
        two.goto(address_of(one) + "build/")
        set_passages(one, "9")
        expect(one.locator("#editor .notice.ok")).to_be_visible()
        set_passages(two, "5")
        told = two.locator("#editor [role=alert]")
        expect(told).to_be_focused()
        expect(told.locator("ins")).to_contain_text("9")
        expect(two.locator("[id='id_config.k']")).to_have_value("5")

        two.locator("a[data-discard]").click()
        expect(two.locator("[id='id_config.k']")).to_have_value("9")
        set_passages(two, "5")
        expect(two.locator("#editor .notice.ok")).to_be_visible()

        set_passages(one, "7")
        expect(one.locator("#editor [role=alert]")).to_be_visible()
        expect(one.locator("[id='id_config.k']")).to_have_value("7")
        save(one)
        expect(one.locator("#editor .notice.ok")).to_be_visible()
        one.reload()
        expect(one.locator("[id='id_config.k']")).to_have_value("7")


def test_what_is_typed_survives_another_stage_and_a_reload(browser, platform):
    with signed_in(browser, platform) as page:
        make_app(page, platform)
        page.locator(".pipeline a").nth(2).click()
        page.fill("[id='id_config.instructions']", "Answer kindly.")
        page.locator(".pipeline a").nth(0).click()
        set_passages(page, "8")
        expect(page.locator("#editor .notice.ok")).to_be_visible()
        page.reload()
        page.locator(".pipeline a").nth(2).click()
        expect(page.locator("[id='id_config.instructions']")).to_have_value("Answer kindly.")
        save(page)
        expect(page.locator("#editor .notice.ok")).to_be_visible()
        page.go_back()
        page.go_forward()
        expect(page.locator("[id='id_config.instructions']")).to_have_value("Answer kindly.")


def test_connection_that_fails_keeps_the_form(browser, platform):
    with signed_in(browser, platform) as page:
        make_app(page, platform)
        page.route("**/build/stage/", lambda route: route.abort())
        set_passages(page, "8")
        expect(page.locator("form[data-draft] [role=alert]")).to_be_visible()
        expect(page.locator("[id='id_config.k']")).to_have_value("8")
        page.unroute("**/build/stage/")
        save(page)
        expect(page.locator("#editor .notice.ok")).to_be_visible()


def test_app_is_built_with_the_keyboard_alone(browser, platform):
    def tab_to(page: Page, selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"the keyboard never reached {selector}")

    with signed_in(browser, platform) as page:
        make_app(page, platform)
        tab_to(page, ".pipeline li:nth-child(3) a")
        page.keyboard.press("Enter")
        expect(page.locator("#stage-title")).to_be_focused()
        tab_to(page, "[name='config.instructions']")
        page.keyboard.type("Answer kindly.")
        tab_to(page, "[name='config.max_passages']")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.locator("#editor .notice.ok")).to_be_visible()
        expect(page.locator("[id='id_config.max_passages']")).to_be_focused()
        expect(page.locator("[id='id_config.max_passages']")).to_have_value("5")
        page.goto(address_of(page) + "build/?stage=1")
        tab_to(page, "form:has([value=remove]) button")
        page.keyboard.press("Enter")
        expect(page.locator(".pipeline li")).to_have_count(4)
        expect(page.locator("#stage-title")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        expect(page.locator("form.undo button")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".pipeline li")).to_have_count(5)


def test_app_is_built_without_a_script(browser, platform):
    with signed_in(browser, platform, java_script_enabled=False) as page:
        make_app(page, platform)
        set_passages(page, "8")
        expect(page.locator(".notice.ok")).to_be_visible()
        expect(page.locator("[id='id_config.k']")).to_have_value("8")
        page.locator("form:has([name=do][value=add]) button").click()
        expect(page.locator(".pipeline li")).to_have_count(6)
        page.locator("form:has([name=do][value=remove]) button").click()
        expect(page.locator(".pipeline li")).to_have_count(5)
        page.locator("form.undo button").click()
        expect(page.locator(".pipeline li")).to_have_count(6)
        page.goto(address_of(page) + "build/?stage=0")
        page.locator("button[name=reset]").click()
        expect(page.locator("[id='id_config.k']")).to_have_value("6")
        page.fill("#id_input", WORDS["en"]["question"])
        page.click("#send")
        page.wait_for_url(re.compile(r"/build/\?run="))
        expect(page.locator("article.turn")).to_have_count(1)
