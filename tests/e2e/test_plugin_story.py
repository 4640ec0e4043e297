"""A plugin's whole way: signed and uploaded, checked in the sandbox, reviewed, installed with rights,
used in an answer, upgraded after a look at what changes, recalled, and then refused.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect

from altiplano_worker.runtime.sandbox.levels import available_levels
from tests.e2e.conftest import Platform, enter_dashboard, open_page, sign_in
from tests.e2e.plugin_stories import WORDS, Story, add_key, make_app, publish
from tests.factories.archives import GUARD, Author, write_archive

pytestmark = pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox")


@pytest.fixture(params=["en", "fr"])
def story(
    request: pytest.FixtureRequest,
    browser: Browser,
    platform: Platform,
    operator: dict[str, str],
    tmp_path: Path,
) -> Iterator[Story]:
    language = request.param
    pages = []
    for _ in range(2):
        context, page = open_page(browser)
        context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
        pages.append(page)
    sign_in(pages[0], platform)
    enter_dashboard(pages[1], platform, operator)
    slug = f"glossary-{language}-{secrets.token_hex(3)}"
    yield Story(platform, *pages, WORDS[language], Author(), slug, tmp_path)
    for page in pages:
        page.context.close()


def test_plugin_goes_from_its_author_into_an_answer_and_out_again(story: Story):
    page, words, url = story.page, story.words, story.platform.url
    add_key(story, story.author.public)

    first = story.send("1.0.0", "(explained once)")
    story.checked(first)
    story.desk.goto(f"{url}/admin/")
    story.decide(first, words.publish)
    page.goto(f"{url}/plugins/?q={story.slug}")
    expect(page.locator(".plugin .touches")).to_contain_text(words.asks)

    page.goto(f"{url}/plugins/{story.slug}/install/")
    page.check("[name=model_use]")
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".messages")).to_contain_text(words.installed)

    app = make_app(story, field="Suffix")
    assert story.ask(app)["answer"].endswith("(explained once)")

    second = story.send("1.1.0", "(explained twice)")
    story.checked(second)
    story.decide(second, words.publish)
    page.goto(f"{url}/plugins/{story.slug}/upgrade/")
    body = page.locator("main")
    for sentence in (words.preview, words.stays, words.new):
        expect(body).to_contain_text(sentence)
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".messages")).to_contain_text(words.upgraded)
    assert story.ask(app)["answer"].endswith("(explained once)"), "what is published stays"
    publish(story, app)
    assert story.ask(app)["answer"].endswith("(explained twice)")

    story.decide(second, words.recall, "It shouts.")
    refused = story.ask(app, status=409)
    assert refused["code"] == "plugin_recalled"
    assert f"{story.slug} 1.1.0" in refused["detail"]
    page.goto(f"{url}/plugins/{story.slug}/")
    expect(body).to_contain_text("It shouts.")
    page.goto(f"{url}/home/")
    expect(page.locator(".now")).to_contain_text(words.recalled)


def test_author_watches_the_checks_without_a_reload_and_cancels_them(
    story: Story, browser: Browser
):
    """A package that never ends its import holds the suites for minutes, and is let go at once."""
    add_key(story, story.author.public)
    page = story.page
    endless = write_archive(
        story.folder, story.slug, author=story.author, code=f"while True:\n    pass\n{GUARD}"
    )
    page.goto(f"{story.platform.url}/plugins/mine/")
    page.set_input_files("[name=file]", endless)
    page.locator("form:has([name=file]) button[type=submit]").click()
    page.evaluate("window.wasHere = true")
    expect(page.locator("[aria-current=step]")).to_contain_text(story.words.suites, timeout=60_000)
    expect(page.locator("[data-by-hand]")).to_be_hidden()

    plain = browser.new_context(
        storage_state=page.context.storage_state(), java_script_enabled=False
    )
    by_hand = plain.new_page()
    by_hand.goto(page.url)
    by_hand.locator("[data-by-hand]").click()
    expect(by_hand.locator("[aria-current=step]")).to_contain_text(story.words.suites)
    by_hand.get_by_role("button", name=story.words.cancel).click()
    expect(by_hand.locator(".messages")).to_contain_text("1.0.0")
    plain.close()

    expect(page.locator(".check-steps")).to_have_count(0, timeout=20_000)
    assert page.evaluate("window.wasHere"), "the page followed by itself"

    # The one place of an examination is free again long before the endless one would have ended.
    story.checked(story.send("1.0.1", "(explained)"))


def test_what_is_not_signed_or_not_whole_goes_no_further(story: Story):
    for path in (write_archive(story.folder, story.slug), story.folder / "broken.altiplano"):
        if not path.exists():
            path.write_bytes(b"PK\x03\x04 no package")
        with path.open("rb") as file:
            told = requests.post(
                f"{story.platform.url}/api/v1/plugins/releases",
                headers={"Authorization": f"Bearer {story.platform.demo['api_key']}"},
                files={"file": file},
                timeout=60,
            )
        assert told.status_code in {400, 403}
        assert told.json()["code"] in {"not_signed", "package_refused"}
