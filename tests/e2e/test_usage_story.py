"""Trying the platform as a stranger, then seeing as an owner what was used, in both languages."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import open_page, sign_in

WORDS = {
    "en": {
        "question": "How long does compost take to mature?",
        "field": "Your question",
        "ask": "Ask",
        "menu": "Menu",
        "usage": "Usage",
        "doors": "By door",
        "public": "the public page and websites",
        "save": "Save the doors as CSV",
        "heading": "Door",
        "days": "7 days",
    },
    "fr": {
        "question": "Combien de temps faut-il au compost pour mûrir ?",
        "field": "Votre question",
        "ask": "Demander",
        "menu": "Menu",
        "usage": "Utilisation",
        "doors": "Par entrée",
        "public": "la page publique et les sites web",
        "save": "Enregistrer les entrées (CSV)",
        "heading": "Entrée",
        "days": "7 jours",
    },
}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", WORDS)
def test_stranger_tries_the_app_and_the_owner_sees_it_counted(browser, platform, language, width):
    words = WORDS[language]
    size = {"width": width, "height": 844}
    cookie = {"name": "django_language", "value": language, "url": platform.url}

    stranger, page = open_page(browser, viewport=size)
    stranger.add_cookies([cookie])
    page.goto(platform.url)
    page.get_by_role("textbox", name=words["field"]).fill(words["question"])
    page.get_by_role("button", name=words["ask"], exact=True).click()
    page.wait_for_url(re.compile("/a/.*/runs/"))
    expect(page.locator(".chip").first).to_be_visible(timeout=60_000)
    stranger.close()

    owner, page = open_page(browser, viewport=size, accept_downloads=True)
    owner.add_cookies([cookie])
    sign_in(page, platform)
    if width == 390:
        page.locator(".sections-menu summary", has_text=words["menu"]).click()
    page.get_by_role("link", name=words["usage"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["usage"])
    page.get_by_role("link", name=words["days"], exact=True).click()
    doors = page.get_by_role("region", name=words["doors"])
    row = doors.get_by_role("row", name=re.compile(re.escape(words["public"])))
    expect(row).not_to_contain_text(re.compile(r"^\D*0\D*0\D*0\D*$"))
    expect(page.locator(".chart-bar").first).to_be_attached()

    with page.expect_download() as saved:
        page.get_by_role("link", name=words["save"]).click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert text.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(text[1:]), delimiter=";" if language == "fr" else ","))
    assert table[0][0] == words["heading"]
    assert next(int(row[1]) for row in table if row[0] == words["public"]) >= 1
    owner.close()


def test_example_question_is_asked_by_one_click(browser, platform):
    context, page = open_page(browser)
    context.add_cookies([{"name": "django_language", "value": "en", "url": platform.url}])
    page.goto(platform.url)
    page.get_by_role("button", name=WORDS["en"]["question"]).click()
    page.wait_for_url(re.compile("/a/.*/runs/"))
    expect(page.locator(".question").last).to_contain_text(WORDS["en"]["question"])
    context.close()
