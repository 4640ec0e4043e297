"""A source of a collection in the browser: added, loaded, followed, changed, and deleted with what it
brought.
"""

import secrets

import pytest
from playwright.sync_api import Page, expect

from altiplano_worker.runtime.sandbox.levels import SandboxLevel, available_levels
from tests.e2e.conftest import Platform
from tests.e2e.places import told_beside

LOADED_MS = 120_000

pytestmark = pytest.mark.skipif(
    SandboxLevel.BUBBLEWRAP not in available_levels(), reason="loaders need bubblewrap"
)


def test_documents_come_by_themselves_and_go_with_their_source(page: Page, platform: Platform):
    loader = told_beside("bring_documents", platform)["loader"]
    name = f"Rain {secrets.token_hex(3)}"
    collection = platform.api("POST", "/collections", status=201, json={"name": name})["id"]
    address = f"{platform.url}/collections/{collection}/sources/"

    page.goto(address)
    page.locator(f"a[href*='plugin={loader}']").click()
    page.fill("#id_name", "Weather station")
    page.fill("#id_reference", '{"files": {"june.txt": "Nine days of rain fell in June."}}')
    page.check("[name='config.shout']")
    page.locator("#change .buttons button").click()
    expect(page.locator("#sources")).to_contain_text("not loaded yet")

    page.get_by_role("button", name="Load now").click()
    expect(page.locator("#sources .pill")).to_have_text("loaded", timeout=LOADED_MS)
    expect(page.locator("#sources")).to_contain_text("New: 1")
    page.goto(f"{platform.url}/collections/{collection}/")
    expect(page.locator("tbody")).to_contain_text("june.txt")

    page.goto(address)
    page.get_by_role("link", name="Weather station").click()
    page.fill("#id_reference", '{"files": {}}')
    page.select_option("#id_repeat", "daily")
    page.locator("section .buttons button", has_text="Save").click()
    page.goto(address)
    page.get_by_role("button", name="Load now").click()
    expect(page.locator("#sources")).to_contain_text("1 gone from the source", timeout=LOADED_MS)

    page.get_by_role("link", name="Weather station").click()
    expect(page.get_by_role("link", name="june.txt")).to_be_visible()
    page.get_by_role("button", name="Delete it with its documents").click()
    expect(page.locator(".messages")).to_contain_text("is deleted, and 1 document with it")
    documents = platform.api("GET", f"/collections/{collection}/documents")
    assert documents["items"] == []
