"""An evaluator from outside: installed, added to an app in the builder, and seen beside a trial."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from altiplano_worker.runtime.sandbox.levels import available_levels
from tests.e2e.conftest import Platform
from tests.e2e.plugin_stories import WORDS as STORY_WORDS
from tests.e2e.plugin_stories import Story, bring_in, staff_desk
from tests.factories.archives import Author
from tests.factories.evaluator_packages import write_evaluator

ANSWER_MS = 90_000
WORDS = {
    "en": ("Evaluate", "The draft is saved", "What evaluators say"),
    "fr": ("Évaluation", "Le brouillon est enregistré", "Ce que disent les évaluateurs"),
}

pytestmark = pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox")


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def installed(
    browser: Browser,
    page: Page,
    platform: Platform,
    operator: dict[str, str],
    language: str,
    tmp_path: Path,
) -> str:
    """The reading-level example, published by staff and installed by the page's person."""
    slug = f"level-{secrets.token_hex(3)}"
    author = Author()
    page.context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    with staff_desk(browser, platform, operator, language) as desk:
        story = Story(platform, page, desk, STORY_WORDS[language], author, slug, tmp_path)
        bring_in(story, write_evaluator(tmp_path, slug, author))
    return slug


def test_level_of_an_answer_comes_beside_the_trial(
    page: Page, platform: Platform, installed: str, language: str
):
    stage, saved, heading = WORDS[language]
    app = platform.api(
        "POST", "/apps", status=201,
        json={"name": installed, "template": "cited-answer",
              "collections": [platform.demo["collection"]]},
    )  # fmt: skip
    page.goto(f"{platform.url}/apps/{app['id']}/build/")
    page.select_option("#id_addition", f"evaluator:{installed}")
    page.locator("form:has(#id_addition) button[type=submit]").click()
    chosen = page.locator(".pipeline a[aria-current]")
    expect(chosen).to_contain_text(stage)
    expect(page.locator(".pipeline li").last).to_contain_text(stage)
    page.fill("[id='id_config.short_sentence']", "9")
    page.locator("form[data-draft] .buttons button[type=submit]").click()
    expect(page.locator("#editor .notice.ok")).to_contain_text(saved)

    page.fill("#id_input", "How long does compost take to mature?")
    page.click("#send")
    newest = page.locator("article.turn").last
    expect(newest).to_have_attribute("data-state", "finished", timeout=ANSWER_MS)
    said = page.locator("#evaluations")
    expect(said.locator("h2")).to_have_text(heading)
    expect(said).to_contain_text("easy_to_read", timeout=60_000)
    expect(said).to_contain_text("words a sentence")
    expect(said.locator("[role=status]")).to_have_count(0)

    run = newest.get_attribute("data-run")
    told = platform.api("GET", f"/runs/{run}")["evaluations"]
    assert [each["plugin"] for each in told] == [installed]
    page.goto(f"{platform.url}/runs/{run}/trace/")
    expect(page.locator("#evaluations")).to_contain_text("short_sentences")
