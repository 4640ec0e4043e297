"""A parser from outside reads a collection: installed, chosen, and seen in an answer's source."""

import json
import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from altiplano_worker.runtime.sandbox.levels import available_levels
from tests.e2e.conftest import Platform, every
from tests.e2e.plugin_stories import WORDS as STORY_WORDS
from tests.e2e.plugin_stories import Story, bring_in, staff_desk
from tests.factories.archives import Author, write_archive

EXAMPLE = Path(__file__).parents[2] / "plugins" / "examples" / "french-legal-citations"
DECISION = (
    "Cour de cassation, chambre sociale\n"
    "Vu l'art. L121-1 du code du travail, le contrat de travail est soumis aux règles du droit "
    "commun.\nLe salarié invoque l'article L.\n121-2 pour la durée de son contrat.\n"
)
READY_MS = 240_000
WORDS = {
    "en": ("How documents are read", "The changes are saved.", "Read all documents again",
           "was read with other settings"),
    "fr": ("Comment les documents sont lus", "Les modifications sont enregistrées.",
           "Relire tous les documents", "réglages que ceux ci-dessus"),
}  # fmt: skip

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
    """The example, uploaded, checked, published by staff and installed by the page's person."""
    slug = f"legal-{secrets.token_hex(3)}"
    author = Author()
    page.context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    with staff_desk(browser, platform, operator, language) as desk:
        story = Story(platform, page, desk, STORY_WORDS[language], author, slug, tmp_path)
        bring_in(story, write_parser(tmp_path, slug, author))
    return slug


def write_parser(folder: Path, slug: str, author: Author) -> Path:
    code = (EXAMPLE / "french_legal_citations" / "__init__.py").read_text("utf-8")
    schema = {
        "additionalProperties": False,
        "description": "What is written in one form.",
        "properties": {
            "numbers": {
                "default": True,
                "description": (
                    "Also write the numbers of cases, laws and decrees in one form: n° 19-25.678."
                ),
                "title": "Numbers of cases and decrees",
                "type": "boolean",
            }
        },
        "title": "LegalTextConfig",
        "type": "object",
    }
    return write_archive(
        folder, slug, author=author, code=code,
        extra={"schemas/parser.json": json.dumps(schema).encode()},
        provides=({"kind": "parser", "entry": f"{slug.replace('-', '_')}:LegalTextParser"},),
    )  # fmt: skip


def test_citations_are_read_found_and_cited(
    page: Page, platform: Platform, installed: str, language: str, tmp_path: Path
):
    heading, saved, again, otherwise = WORDS[language]
    made = platform.api("POST", "/collections", status=201, json={"name": installed})
    decision = tmp_path / "decision.txt"
    decision.write_text(DECISION, "utf-8")
    address = f"{platform.url}/collections/{made['id']}/"
    page.goto(address)
    page.set_input_files("input[type=file]", decision)
    row = page.locator("tr", has=page.get_by_role("link", name="decision.txt"))
    expect(row.locator(".pill.ready")).to_be_visible(timeout=READY_MS)

    page.get_by_role("link", name=heading).click()
    page.locator("a[href*='part=parser']").click()
    page.select_option("#id_plugin", installed)
    page.locator("form[method=get] button").click()
    expect(page.locator("[name='config.numbers']")).to_be_checked()
    page.locator("#change form[method=post] button.button[type=submit]").click()
    expect(page.locator(".messages")).to_contain_text(saved)
    expect(page.locator("#reading-progress")).to_contain_text(otherwise)

    page.get_by_role("button", name=again).click()
    for _ in every(1.0, 240):
        told = platform.api("GET", f"/collections/{made['id']}/reading")
        if not told["read_otherwise"] and not told["being_read_again"]:
            break
    expect(page.locator("[data-fresh]")).to_have_count(0, timeout=20_000)
    expect(page.locator("#reading-progress")).not_to_contain_text(otherwise)

    page.goto(f"{address}search/?q=article+L.+121-2&mode=lexical")
    expect(page.locator("main")).to_contain_text("article L. 121-2 pour la durée")
    page.goto(address)
    page.get_by_role("link", name="decision.txt").click()
    expect(page.locator("main")).to_contain_text("article L. 121-1 du code du travail")

    app = platform.api(
        "POST", "/apps", status=201,
        json={"name": installed, "template": "cited-answer", "collections": [made["id"]]},
    )  # fmt: skip
    run = platform.api(
        "POST",
        f"/apps/{app['id']}/runs",
        json={"input": "Que dit l'article L. 121-1 du contrat de travail ?", "version": "draft"},
    )
    assert run["citations"], run
    assert re.search(r"article L\. 121-\d", run["citations"][0]["quote"]), run
