"""C19 to C21 in a real browser: what a model writes and people store neither runs nor fetches.

The model is one that says again what it is asked, so that hostile text goes the whole way: through
the worker, the stream, the database and every page that shows it.
"""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.e2e.conftest import Platform, open_page, sign_in
from tests.e2e.test_browser_story import wait_until_over
from tests.factories.hostile import FORMS, RAN
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine

NAME_CHARS = 190
QUESTION_CHARS = 4000
WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
ELEMENTS_OF_AN_ANSWER = (
    "blockquote br code em h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul"
)


def packed(limit: int) -> list[str]:
    """All forms in as few texts as the limit allows."""
    texts = [""]
    for form in FORMS:
        longer = f"{texts[-1]}\n\n{form.text}".strip()
        if len(longer) <= limit:
            texts[-1] = longer
        else:
            texts.append(form.text)
    return texts


@dataclass(frozen=True, slots=True)
class HostileApp:
    """An app that says what it is told, named and filled by somebody who means harm."""

    id: str
    collection: str
    document: str
    public: str


@pytest.fixture(scope="module")
def hostile(browser, platform: Platform) -> Iterator[HostileApp]:
    name = " ".join(f"{secrets.token_hex(3)} {packed(NAME_CHARS)[0]}".split())
    with running_engine(FakeEngine()) as engine:
        endpoint = _connect(platform, engine.base_url)
        collection = platform.api("POST", "/collections", status=201, json={"name": name})["id"]
        document = _upload(platform, collection)
        wish = {"name": name, "template": "chat", "collections": [collection]}
        app = platform.api("POST", "/apps", status=201, json=wish)
        platform.api("PATCH", f"/apps/{app['id']}", json={"endpoint": endpoint})
        slug = _publish(browser, platform, app["id"])
        yield HostileApp(
            app["id"], collection, document, f"/a/{platform.demo['organization']}/{slug}/"
        )
        platform.api("DELETE", f"/apps/{app['id']}", status=204)
        platform.api("DELETE", f"/collections/{collection}", status=204)


def _connect(platform: Platform, address: str) -> str:
    """The engine is one that the platform knows; its id."""
    script = (
        "import sys; from altiplano.ops.cli import setup_django; setup_django();"
        "from altiplano.serving.models import ModelEndpoint;"
        "made = ModelEndpoint.objects.create(name=sys.argv[1], base_url=sys.argv[2],"
        " model='fake-echo'); print(made.id)"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ALTIPLANO_", "DJANGO_"))
    }
    made = subprocess.run(
        [sys.executable, "-c", script, f"Echo {secrets.token_hex(3)}", address],
        env=environment | {"ALTIPLANO_HOME": str(platform.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()[-1]


def _upload(platform: Platform, collection: str) -> str:
    text = "\n\n".join(form.text for form in FORMS)
    response = requests.post(
        f"{platform.url}/api/v1/collections/{collection}/documents",
        headers={"Authorization": f"Bearer {platform.demo['api_key']}"},
        files={"file": ("\"'><img src=x onerror=hostileRan=1>.txt", text.encode())},
        timeout=60,
    )
    assert response.status_code == 202, response.text
    document: str = response.json()[0]["id"]
    platform.wait_for(document, "ready")
    return document


def _publish(browser: Any, platform: Platform, app: str) -> str:
    """The app is open to everybody, with hostile words around it; its part of the address."""
    platform.api("POST", f"/apps/{app}/versions", status=201)
    platform.api("POST", f"/apps/{app}/publish", json={"version": 1})
    context, page = open_page(browser)
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{app}/share/")
    page.get_by_role("button", name="Open it to everybody").click()
    page.fill("[name=title]", FORMS[0].text)
    page.fill("[name=greeting]", packed(380)[3])
    page.fill("[name=placeholder]", '"><img src=//leak.example>')
    page.locator("[name^=example]").first.fill("<svg/onload=hostileRan=1>")
    page.get_by_role("button", name="Save what visitors see").click()
    address = page.locator("#public-address").inner_text().strip()
    context.close()
    return address.rstrip("/").rpartition("/")[2]


@pytest.fixture
def watched(browser, platform: Platform) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A browser, and every address elsewhere that any of its pages or frames asks for."""
    context, _ = open_page(browser)
    context.add_init_script(WATCH)
    elsewhere: list[str] = []
    own = (platform.url, "data:", "blob:", "about:")
    context.on(
        "request",
        lambda request: None if request.url.startswith(own) else elsewhere.append(request.url),
    )
    yield context, elsewhere
    context.close()


def look(place: Page | Frame) -> None:
    """Nothing has run here, and nothing was tried that the policy had to stop."""
    assert place.evaluate(f"window.{RAN}") is None, place.url
    assert place.evaluate("window.violations") == [], place.url


def test_c19_growing_answer_is_text_wherever_the_stream_is_cut(page: Page, platform: Platform):
    page.goto(platform.url + "/home/")
    found = page.evaluate(
        """async ([texts, names]) => {
            const { GrowingText } = await import("/static/runs/markdown.js");
            const known = new Set(names.split(" "));
            const place = document.body.appendChild(document.createElement("div"));
            const bad = [];
            const look = (text) => {
                for (const each of place.querySelectorAll("*")) {
                    const odd = [...each.attributes].filter((a) => !["class", "start"].includes(a.name));
                    if (!known.has(each.localName) || odd.length) bad.push([text, each.outerHTML]);
                }
            };
            for (const text of texts) {
                for (let cut = 0; cut <= text.length; cut++) {
                    const growing = new GrowingText(place);
                    growing.set("");
                    growing.add(text.slice(0, cut));
                    look(text);
                    growing.add(text.slice(cut));
                    look(text);
                }
            }
            return bad.slice(0, 5);
        }""",
        [[form.text for form in FORMS], ELEMENTS_OF_AN_ANSWER],
    )
    assert found == []
    assert page.evaluate(f"window.{RAN}") is None


@pytest.mark.parametrize("question", packed(QUESTION_CHARS), ids=lambda text: text[:12])
def test_c19_answer_is_text_in_the_chat_and_wherever_it_is_shown_again(
    platform, hostile, watched, question
):
    context, elsewhere = watched
    page = context.pages[0]
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{hostile.id}/")
    page.fill("#id_input", question)
    page.click("#send")
    wait_until_over(page)
    run = page.url.rstrip("/").rpartition("/")[2]
    said = platform.api("GET", f"/runs/{run}")["answer"]
    visible = question.partition("\u202e")[0]  # signs that are not seen are taken out of questions
    assert " ".join(said.split()).startswith(" ".join(visible.split())), "the model says it again"
    look(page)
    page.emulate_media(media="print")
    look(page)
    page.emulate_media(media="screen")
    page.get_by_text("Report this answer").click()
    page.get_by_label("Something else").last.check()
    page.locator("textarea[name=text]").fill(question[:1900])
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_text("You reported this answer")).to_be_visible()
    for address in (
        f"/runs/{run}/",
        f"/runs/{run}/?view=reading",
        f"/runs/{run}/trace/",
        f"/apps/{hostile.id}/build/?stage=0&run={run}",
        "/conversations/",
        "/conversations/?q=leak",
        "/reports/",
        "/home/",
        "/usage/",
    ):
        page.goto(platform.url + address)
        page.wait_for_load_state("networkidle")
        look(page)
    assert elsewhere == []


def test_c20_names_and_files_are_text_on_every_page_that_shows_them(platform, hostile, watched):
    context, elsewhere = watched
    page = context.pages[0]
    sign_in(page, platform)
    app, collection = f"/apps/{hostile.id}", f"/collections/{hostile.collection}"
    for address in (
        "/collections/",
        f"{collection}/",
        f"{collection}/search/?q=leak&mode=lexical",
        f"{collection}/settings/",
        f"{collection}/delete/",
        f"/documents/{hostile.document}/",
        f"/documents/{hostile.document}/?q=leak",
        "/apps/",
        f"{app}/build/",
        f"{app}/versions/",
        f"{app}/about/",
        f"{app}/share/",
        f"{app}/share/website/",
        f"{app}/share/api/",
        f"{app}/delete/",
        "/keys/",
        "/organization/history/",
        "/usage/",
    ):
        page.goto(platform.url + address)
        page.wait_for_load_state("networkidle")
        look(page)
    page.goto(f"{platform.url}/usage/")
    assert elsewhere == []


def test_c19_visitor_sees_text_on_the_public_page_and_in_the_widget(platform, hostile, watched):
    context, elsewhere = watched
    page = context.pages[0]
    page.goto(platform.url + hostile.public)
    look(page)
    page.fill("#id_input", packed(QUESTION_CHARS)[0])
    page.click("#send")
    wait_until_over(page)
    look(page)
    page.reload()
    look(page)
    owner = context.browser.new_context()
    sign_in(owner.new_page(), platform)
    cookies = owner.cookies()
    owner.close()
    context.add_cookies(cookies)
    page.goto(f"{platform.url}/apps/{hostile.id}/share/preview/")
    page.locator("altiplano-chat .open").click()
    frame = page.locator("altiplano-chat iframe").element_handle().content_frame()
    assert frame is not None
    frame.wait_for_selector("#id_input")
    frame.fill("#id_input", packed(QUESTION_CHARS)[-1])
    frame.click("#send")
    expect(frame.locator("article.turn").last).to_have_attribute(
        "data-state", "finished", timeout=60_000
    )
    look(frame)
    look(page)
    assert elsewhere == []


def test_c20_exports_hold_no_formula_and_no_page(platform, hostile, page: Page):
    """Files are for spreadsheets and programs: a browser saves them, and shows none as a page."""
    platform.api("POST", f"/apps/{hostile.id}/runs", json={"input": "What does the document say?"})
    cookies = {each["name"]: each["value"] for each in page.context.cookies()}
    for name in ("days", "apps", "doors", "details", "people"):
        response = requests.get(f"{platform.url}/usage/{name}.csv", cookies=cookies, timeout=30)
        assert response.headers["Content-Type"].startswith("text/csv")
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        for line in response.content.decode("utf-8-sig").splitlines():
            for cell in re.split("[,;]", line):
                assert not cell.strip('"').startswith(("=", "@", "\t")), line
    for address in (f"/apps/{hostile.id}/runs", f"/documents/{hostile.document}/text"):
        response = requests.get(
            f"{platform.url}/api/v1{address}",
            headers={"Authorization": f"Bearer {platform.demo['api_key']}"},
            timeout=30,
        )
        assert response.headers["Content-Type"].startswith("application/json")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert json.loads(response.content)
