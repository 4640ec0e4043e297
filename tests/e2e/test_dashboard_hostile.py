"""C19, C21: a browser shows the dashboard over hostile rows, fetches nothing elsewhere, runs nothing.

The pages are shown without their content security policy: what holds here is the escaping alone.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Route

from tests.e2e.conftest import open_page
from tests.factories.hostile import FORMS, OUTSIDE, RAN

ORIGIN = "http://dashboard.test"
FEWEST_PAGES = 50


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, "-m", "tests.e2e.render_dashboard", str(folder)], check=True)
    answered: dict[str, str] = json.loads((folder / "pages.json").read_text(encoding="utf-8"))
    return answered


def test_dashboard_over_hostile_rows_fetches_and_runs_nothing(
    browser: Browser, pages: dict[str, str]
):
    context, page = open_page(browser)
    elsewhere: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        if not url.startswith(ORIGIN + "/"):
            elsewhere.append(url)
            route.abort()
            return
        address = url.removeprefix(ORIGIN)
        is_static = address.startswith("/static/")
        name = address.removeprefix("/static/").partition("?")[0]
        found = finders.find(name) if is_static else None
        if address in pages:
            route.fulfill(body=pages[address], content_type="text/html; charset=utf-8")
        elif isinstance(found, str):
            route.fulfill(path=Path(found))
        else:
            route.fulfill(status=404, body="")

    context.route("**/*", answer)
    ran, text = [], ""
    for address in pages:
        page.goto(ORIGIN + address)
        page.wait_for_load_state("load")
        if page.evaluate(f"window.{RAN} !== undefined"):
            ran.append(address)
        text += page.locator("body").inner_text()
    context.close()
    assert elsewhere == []
    assert ran == []
    assert len(pages) >= FEWEST_PAGES
    shown = [form.name for form in FORMS if form.text.splitlines()[0] in text]
    assert OUTSIDE in text
    assert len(shown) > len(FORMS) / 2, "a leak test first shows what could leak"
