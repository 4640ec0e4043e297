"""A collection from nothing: twenty files at once, what becomes of them, reading one of them."""

import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.e2e.conftest import sign_in

READY_MS = 240_000
WORDS = {
    "en": {
        "create": "Create the collection",
        "count": "20 of 20 files are here",
        "damaged": "damaged or incomplete",
        "deleted": "is deleted.",
        "undo": "Undo",
        "back": "1 document is back.",
        "hit": "3 of 8",
        "page": "page 2 of 4",
        "lost": "The connection broke.",
        "signed_out": "Your session has ended.",
    },
    "fr": {
        "create": "Créer la collection",
        "count": "Fichiers arrivés : 20 sur 20",
        "damaged": "endommagé",
        "deleted": "est supprimé",
        "undo": "Annuler",
        "back": "1 document est rétabli.",
        "hit": "3 sur 8",
        "page": "page 2 sur 4",
        "lost": "La connexion a été coupée.",
        "signed_out": "Votre session est terminée.",
    },
}


def write_guide(path: Path) -> Path:
    canvas = Canvas(str(path), pagesize=A4)
    for page in range(1, 5):
        canvas.drawString(60, 780, f"Chapter {page}.")
        canvas.drawString(60, 760, f"Rhubarb is harvested in week {page} of April.")
        canvas.drawString(60, 740, "Never eat the leaves of rhubarb.")
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture
def twenty_files(tmp_path) -> list[Path]:
    files = [write_guide(tmp_path / "guide.pdf"), tmp_path / "broken.pdf"]
    files[1].write_bytes(b"%PDF-1.7\nnothing follows")
    for number in range(18):
        files.append(tmp_path / f"note-{number:02}.txt")
        files[-1].write_text(f"Note {number}: beans number {number} climb up poles.")
    return files


def in_language(page: Page, platform, language: str) -> dict[str, str]:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    return WORDS[language]


def new_collection(page: Page, platform, said: dict[str, str]) -> str:
    """The path of an empty collection, which is open."""
    page.goto(f"{platform.url}/collections/new/")
    page.fill("#id_name", f"Story {secrets.token_hex(4)}")
    page.get_by_role("button", name=said["create"]).click()
    page.wait_for_url(re.compile(r"/collections/[0-9a-f-]{36}/$"))
    return page.url.removeprefix(platform.url)


def row(page: Page, name: str):
    return page.locator("tr", has=page.get_by_role("link", name=name))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_twenty_files_are_dropped_read_deleted_restored_and_opened(
    page, platform, twenty_files, language
):
    said = in_language(page, platform, language)
    collection = new_collection(page, platform, said)
    page.set_input_files("#id_file", twenty_files)
    expect(page.locator("#uploads-status")).to_have_text(said["count"], timeout=60_000)
    expect(page.locator("tr[data-stamp]")).to_have_count(20)
    expect(row(page, "broken.pdf")).to_contain_text(said["damaged"], timeout=READY_MS)
    ready = page.locator("#documents .pill.ready")
    expect(ready).to_have_count(19, timeout=READY_MS)  # without a reload

    row(page, "note-03.txt").locator("button[value^='delete:']").click()
    expect(page.locator(".toast")).to_contain_text(said["deleted"])
    expect(row(page, "note-03.txt")).to_have_count(0)
    page.locator(".toast").get_by_role("button", name=said["undo"]).click()
    expect(page.locator(".messages")).to_contain_text(said["back"])
    expect(row(page, "note-03.txt")).to_have_count(1)

    page.select_option("#id_state", "failed")
    page.locator(".filters button").click()
    expect(page.locator("tr[data-stamp]")).to_have_count(1)
    page.goto(platform.url + collection)

    row(page, "guide.pdf").get_by_role("link").click()
    page.fill(".find input", "RHUBARB")
    page.locator(".find button").click()
    page.goto(re.sub(r"(\?q=RHUBARB).*", r"\1&hit=3#passage", page.url))
    expect(page.locator(".find-result")).to_contain_text(said["hit"])
    expect(page.locator(".reader-bar")).to_contain_text(said["page"])
    expect(page.locator("mark.current")).to_have_text("Rhubarb")
    picture = page.locator(".picture img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1000)
    page.goto(platform.url + collection + "settings/")
    platform.api("DELETE", collection.rstrip("/"), status=204)


def test_search_tab_leads_to_the_passage(page, platform):
    in_language(page, platform, "en")
    page.goto(f"{platform.url}/collections/{platform.demo['collection']}/search/")
    page.fill("#id_q", "How long does compost take to mature?")
    page.locator("main .row-form button").click()
    expect(page.locator(".hits mark").first).to_be_visible()
    page.locator(".hit-place a").first.click()
    expect(page.locator("#passage")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_files_that_did_not_arrive_are_sent_again_without_being_chosen_anew(
    page, platform, tmp_path, language
):
    said = in_language(page, platform, language)
    collection = new_collection(page, platform, said)
    note = tmp_path / "مدرسة 🌱 note.txt"
    note.write_text("Peas climb as well.")
    uploads = re.compile(r"/documents/$")
    page.route(uploads, lambda route: route.abort())
    page.set_input_files("#id_file", note)
    expect(page.locator("#upload-list")).to_contain_text(said["lost"])
    page.unroute(uploads)

    page.context.clear_cookies(name="sessionid")
    page.locator("#upload-list button").click()
    expect(page.locator("#signed-out")).to_contain_text(said["signed_out"])
    other = page.context.new_page()
    sign_in(other, platform)
    other.close()
    page.click("#again")
    expect(page.locator("#upload-list li.here")).to_have_count(1)
    expect(row(page, "note.txt")).to_have_count(1)
    platform.api("DELETE", collection.rstrip("/"), status=204)


def test_without_a_script_the_same_is_done_by_forms(browser, platform, tmp_path):
    from tests.e2e.conftest import open_page

    context, page = open_page(browser, java_script_enabled=False)
    sign_in(page, platform)
    collection = new_collection(page, platform, WORDS["en"])
    note = tmp_path / "note.txt"
    note.write_text("Peas climb as well.")
    expect(page.locator(".when-chosen")).to_be_hidden()
    page.set_input_files("#id_file", note)
    expect(page.locator(".when-chosen")).to_be_visible()
    page.click("#upload")
    expect(page.locator(".messages")).to_contain_text("1 document is on its way.")
    row(page, "note.txt").locator("button[value^='delete:']").click()
    expect(page.locator(".toast")).to_contain_text("is deleted.")
    page.locator(".toast button").click()
    expect(row(page, "note.txt")).to_have_count(1)
    context.close()
    platform.api("DELETE", collection.rstrip("/"), status=204)
