"""The story of publishing: a page for everybody, a chat on other websites, samples for programs."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.e2e.conftest import Platform, open_page, sign_in
from tests.e2e.test_browser_story import ANSWER_MS

QUESTION = "How long does compost take to mature?"
WORDS = {
    "en": {
        "ai": "You are talking to an AI, built by Green Schools",
        "ask": "Ask",
        "example": QUESTION,
        "open": "Ask “School garden assistant”",
        "close": "Close the chat",
    },
    "fr": {
        "ai": "Vous parlez à une IA, créée par Green Schools",
        "ask": "Demander",
        "example": "Combien de temps faut-il au compost pour mûrir ?",
        "open": "Interroger « School garden assistant »",
        "close": "Fermer la discussion",
    },
}
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


def public_page(platform: Platform) -> str:
    demo = platform.demo
    return f"{platform.url}/a/{demo['organization']}/{demo['app_slug']}/"


def wait_for_answer(place: Page | Frame, count: int = 1) -> None:
    turns = place.locator("article.turn[data-state=finished]")
    expect(turns).to_have_count(count, timeout=ANSWER_MS)


def stranger(browser: Browser, language: str = "en", **options: Any) -> tuple[BrowserContext, Page]:
    """Somebody who is not signed in, with a browser in this language; script errors are collected."""
    context, page = open_page(browser, locale={"en": "en-GB", "fr": "fr-FR"}[language], **options)
    page.problems = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
    return context, page


@contextmanager
def website(platform: Platform, *, policy: str = "", language: str = "en") -> Iterator[int]:
    """A website of somebody's with the chat's line on each of its pages; yields its port."""
    demo = platform.demo
    line = (
        f'<script src="{platform.url}/widget.js" '
        f'data-app="{demo["organization"]}/{demo["app_slug"]}" async></script>'
    )
    body = (
        f'<!DOCTYPE html><html lang="{language}"><head><title>School</title>{line}</head>'
        '<body><h1>Our school</h1><a href="/other">Other page</a></body></html>'
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def allow(browser: Browser, platform: Platform, *hosts: str) -> None:
    """The owner says on which websites the chat may be shown."""
    context, page = open_page(browser)
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/share/website/")
    page.fill("[name=domains]", "\n".join(hosts))
    page.get_by_role("button", name="Save the websites").click()
    expect(page.locator("main")).to_contain_text("Browsers show the chat there and nowhere else")
    context.close()


def chat_frame(page: Page) -> Frame:
    """The frame of the chat, after it and its scripts have loaded."""
    frame = page.locator("altiplano-chat iframe").element_handle().content_frame()
    assert frame is not None
    frame.wait_for_selector("#id_input")
    frame.wait_for_load_state("load")  # before that, Enter is a new line
    return frame


# --- The public page ------------------------------------------------------------------------------


@LANGUAGES
@pytest.mark.parametrize("width", [1280, 390])
def test_stranger_asks_on_the_public_page_and_reads_the_passage(browser, platform, language, width):
    context, page = stranger(browser, language, viewport={"width": width, "height": 900})
    page.goto(public_page(platform))
    expect(page.locator("main")).to_contain_text(WORDS[language]["ai"])
    page.get_by_role("button", name=WORDS[language]["example"]).click()
    wait_for_answer(page)
    page.locator("a.chip").first.click()
    expect(page.locator("#source mark")).to_contain_text(re.compile("six|mois"))
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    said = page.locator("article.turn .answer").inner_text()
    page.reload()
    assert page.locator("article.turn .answer").inner_text() == said
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert {cookie["name"] for cookie in context.cookies()} <= {"csrftoken", "altiplano_visitor"}
    assert page.problems == []
    context.close()


def test_another_browser_does_not_find_the_answer(browser, platform):
    context, page = stranger(browser)
    page.goto(public_page(platform))
    page.fill("#id_input", QUESTION)
    page.keyboard.press("Enter")
    wait_for_answer(page)
    for address in (page.url, page.url + "events/"):
        assert requests.get(address, timeout=30).status_code == 404
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    own = requests.get(page.url + "events/", cookies=cookies, timeout=30)
    assert "event: run.finished" in own.text
    late = {"Last-Event-ID": re.findall(r"^id: (\S+)$", own.text, re.MULTILINE)[0]}
    assert requests.get(page.url + "events/", headers=late, timeout=30).status_code == 404
    context.close()


def test_public_page_without_script_shows_the_answer(browser, platform):
    context, page = stranger(browser, java_script_enabled=False)
    page.goto(public_page(platform))
    page.get_by_role("button", name=QUESTION).click()
    wait_for_answer(page)
    page.locator("a.chip").first.click()
    expect(page.locator("mark#passage")).to_be_visible()
    context.close()


# --- On other websites ----------------------------------------------------------------------------


@LANGUAGES
def test_website_that_is_allowed_shows_the_chat_by_keyboard_alone(browser, platform, language):
    words = WORDS[language]
    with website(platform, language=language) as port:
        allow(browser, platform, f"localhost:{port}")
        context, page = stranger(browser, language)
        page.goto(f"http://localhost:{port}/")
        before = set(page.evaluate("Object.keys(window)"))
        button = page.get_by_role("button", name=words["open"])
        expect(button).to_be_visible()
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="School garden assistant")).to_be_visible()
        frame = chat_frame(page)
        expect(frame.locator("main")).to_contain_text(words["ai"])
        expect(frame.locator("#id_input")).to_be_focused()
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        wait_for_answer(frame)
        frame.locator("a.chip").first.click()
        expect(frame.locator("#source mark")).to_be_visible()
        page.keyboard.press("Escape")
        expect(frame.locator("#source")).to_be_hidden()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(button).to_be_focused()
        assert set(page.evaluate("Object.keys(window)")) == before
        assert context.cookies(platform.url) == []
        assert page.problems == []
        context.close()


def test_conversation_in_the_frame_goes_on_at_the_websites_next_page(browser, platform):
    """On a website of the same site; on others this browser forbids the frame to keep anything."""
    with website(platform) as port:
        allow(browser, platform, f"127.0.0.1:{port}")
        context, page = stranger(browser)
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name=WORDS["en"]["open"]).click()
        frame = chat_frame(page)
        frame.fill("#id_input", QUESTION)
        frame.press("#id_input", "Enter")
        wait_for_answer(frame)
        page.get_by_role("button", name=WORDS["en"]["close"]).click()
        page.get_by_role("link", name="Other page").click()
        page.get_by_role("button", name=WORDS["en"]["open"]).click()
        turns = page.frame_locator("altiplano-chat iframe").locator("article.turn")
        expect(turns).to_have_count(1)
        assert page.problems == []
        context.close()


def test_focus_stays_in_the_open_dialog(browser, platform):
    with website(platform) as port:
        allow(browser, platform, f"localhost:{port}")
        context, page = stranger(browser)
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("button", name=WORDS["en"]["open"]).click()
        chat_frame(page)
        for _ in range(25):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.localName") in {"altiplano-chat", "body"}
        context.close()


def test_dialog_fills_a_phone(browser, platform):
    with website(platform) as port:
        allow(browser, platform, f"localhost:{port}")
        context, page = stranger(browser, viewport={"width": 390, "height": 800})
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("button", name=WORDS["en"]["open"]).click()
        chat_frame(page)
        box = page.get_by_role("dialog").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 800}
        context.close()


def test_website_with_a_strict_policy_needs_to_let_only_the_platform_in(browser, platform):
    place = platform.url
    policy = (
        f"default-src 'none'; script-src {place}; connect-src {place}; frame-src {place}; "
        "style-src 'none'; require-trusted-types-for 'script'"
    )
    with website(platform, policy=policy) as port:
        allow(browser, platform, f"localhost:{port}")
        context, page = stranger(browser)
        refusals: list[str] = []
        page.on("console", lambda message: refusals.append(message.text))
        page.goto(f"http://localhost:{port}/")
        button = page.get_by_role("button", name=WORDS["en"]["open"])
        button.click()
        chat_frame(page)
        radius = button.evaluate("element => getComputedStyle(element).borderRadius")
        assert radius == "24px"
        assert [text for text in refusals if "Content Security Policy" in text] == []
        context.close()


def test_browser_refuses_the_chat_on_any_other_website(browser, platform):
    with website(platform) as port:
        allow(browser, platform, f"localhost:{port}")
        context, page = stranger(browser)
        with page.expect_event("requestfailed", lambda request: "theme.json" in request.url):
            page.goto(f"http://127.0.0.1:{port}/")
        expect(page.locator("altiplano-chat")).to_have_count(0)
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.evaluate(
                """address => {
                    const frame = document.createElement("iframe");
                    frame.src = address;
                    document.body.append(frame);
                }""",
                public_page(platform) + "embed/",
            )
        assert "id_input" not in page.frames[1].content()
        context.close()


# --- For programs ---------------------------------------------------------------------------------


def sample(page: Page, platform: Platform, name: str) -> str:
    """The sample as it is printed, with the demo's key where it says so."""
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/share/api/")
    printed = page.locator(f"#sample-{name}").inner_text()
    assert "alti_YOUR_KEY" in printed
    return printed.replace("alti_YOUR_KEY", platform.demo["api_key"])


def run(*command: str, text: str = "") -> str:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=ANSWER_MS / 1000, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sample_for_curl_runs_as_printed(page, platform):
    said = run("bash", text=sample(page, platform, "curl"))
    assert "event: run.started" in said
    assert "event: run.finished" in said


@pytest.mark.parametrize("name", ["python", "openai"])
def test_samples_for_python_run_as_printed(page, platform, name):
    said = run(sys.executable, "-", text=sample(page, platform, name))
    assert len(said.strip()) > 10


MCP_CLIENT = """
import asyncio, json, sys
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

async def main():
    (server,) = json.load(sys.stdin)["mcpServers"].values()
    async with httpx2.AsyncClient(headers=server["headers"], timeout=300) as http:
        async with Client(streamable_http_client(server["url"], http_client=http)) as client:
            said = await client.call_tool("ask", {"question": "What can you tell me?"})
            assert not said.is_error, said
            print(said.content[0].text)

asyncio.run(main())
"""


def test_sample_for_assistants_is_all_that_the_official_client_needs(page, platform):
    said = run(sys.executable, "-c", MCP_CLIENT, text=sample(page, platform, "mcp"))
    assert len(said.strip()) > 10


def test_sample_for_javascript_runs_as_printed(page, platform):
    """In the browser, whose fetch is the one of Node.js."""
    code = sample(page, platform, "javascript")
    with page.expect_console_message(timeout=ANSWER_MS) as said:
        page.evaluate("code => new (async () => {}).constructor(code)()", code)
    assert len(said.value.text) > 10


# --- The owner's side -----------------------------------------------------------------------------


@LANGUAGES
def test_owner_closes_and_opens_the_page_and_changes_how_it_looks(browser, platform, language):
    shared = {
        "en": ("Close it to everybody but members", "Open it to everybody", "Save what visitors see"),
        "fr": ("La réserver de nouveau aux membres", "L\u2019ouvrir à tout le monde",
               "Enregistrer ce que voient les visiteurs"),
    }[language]  # fmt: skip
    close, reopen, save = shared
    context, page = open_page(browser, permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, platform)
    page.locator(f"button[lang={language}]").click()
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/share/")
    expect(page.locator(".qr-code svg")).to_be_visible()
    page.locator("[data-copy=public-address]").click()
    assert page.evaluate("navigator.clipboard.readText()") == public_page(platform)
    page.fill("[name=greeting]", "Hello — bonjour")
    page.check("[value=forest]")
    page.get_by_role("button", name=save).click()
    expect(page.locator("[name=greeting]")).to_have_value("Hello — bonjour")
    shown = requests.get(public_page(platform), timeout=30).text
    assert "Hello — bonjour" in shown
    assert 'data-accent="forest"' in shown
    page.get_by_role("button", name=close).click()
    assert requests.get(public_page(platform), timeout=30).status_code == 404
    page.get_by_role("button", name=reopen).click()
    assert requests.get(public_page(platform), timeout=30).status_code == 200
    page.fill("[name=greeting]", "")
    page.check("[value=indigo]")
    page.get_by_role("button", name=save).click()
    context.close()
