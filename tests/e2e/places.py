"""Things for the pages of pages.py to show, made as people make them: once, in the demo."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Platform, open_page, sign_in

QUESTION = "How long does compost take to mature?"
ANSWER_MS = 90_000


def make_places(browser: Browser, platform: Platform) -> dict[str, str]:
    """What the addresses in pages.py are filled with."""
    demo = platform.demo
    documents = platform.api("GET", f"/collections/{demo['collection']}/documents")
    run = platform.api("POST", f"/apps/{demo['app']}/runs", json={"input": QUESTION})
    context, page = open_page(browser)
    sign_in(page, platform)
    made = {
        "app": demo["app"],
        "public": f"{demo['organization']}/{demo['app_slug']}",
        "collection": demo["collection"],
        "document": documents["items"][0]["id"],
        "run": run["id"],
        "source": _source(run["citations"][0]),
        "member": _member(page),
        "edition": platform.api("GET", "/challenges")[0]["edition"],
        "conversation": _conversation(page, platform),
        "invitation": _invitation(page, platform),
        **_visit(context, page, platform),
        **told_beside("publish_texts", platform),
        **_plugins(platform),
        **told_beside("bring_documents", platform),
    }
    context.close()
    return made


def told_beside(module: str, platform: Platform) -> dict[str, str]:
    """What a module of these tests says that it made in the platform's own home."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ALTIPLANO_", "DJANGO_"))
    }
    made = subprocess.run(
        [sys.executable, "-m", f"tests.e2e.{module}", platform.demo["email"]],
        env=environment | {"ALTIPLANO_HOME": str(platform.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    found: dict[str, str] = json.loads(made.stdout)
    return found


def _plugins(platform: Platform) -> dict[str, str]:
    """Plugins in every state, one of them in a published app."""
    made = told_beside("publish_plugins", platform)
    stages = [{"kind": "guard", "plugin": made["plugin"], "config": {}}]
    _published_app(platform, name="Words for class 5", template="chat", added=stages)
    return made


def _published_app(
    platform: Platform, *, name: str, template: str, added: Sequence[dict[str, Any]] = ()
) -> str:
    """The id of an app over the demo's documents, the ``added`` stages after its template's."""
    wish = {"name": f"{name} {secrets.token_hex(3)}", "template": template}
    if template == "cited-answer":
        wish |= {"collections": [platform.demo["collection"]]}
    app = platform.api("POST", "/apps", status=201, json=wish)
    if added:
        pipeline = [*app["draft"]["pipeline"], *added]
        platform.api("PATCH", f"/apps/{app['id']}", json={"pipeline": pipeline})
    platform.api("POST", f"/apps/{app['id']}/versions", status=201)
    platform.api("POST", f"/apps/{app['id']}/publish", json={"version": 1})
    return str(app["id"])


def _address(name: str) -> str:
    return f"{name}-{secrets.token_hex(4)}@example.org"


def _source(citation: dict[str, Any]) -> str:
    return "{document_id}/?start={start}&end={end}".format(**citation)


def _member(page: Page) -> str:
    """The id of somebody else in the organization, whom only a signed-in owner can add."""
    answer = page.evaluate(
        """async (email) => {
            const token = /csrftoken=([^;]+)/.exec(document.cookie)[1];
            const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
            const body = JSON.stringify({ email, role: "viewer" });
            return (await fetch("/api/v1/members", { method: "POST", headers, body })).json();
        }""",
        _address("member"),
    )
    member: str = answer["id"]
    return member


def _conversation(page: Page, platform: Platform) -> str:
    """The id of a conversation of the owner's."""
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", QUESTION)
    page.click("#send")
    page.wait_for_url("**/runs/*/")
    page.goto(platform.url + "/conversations/")
    link = page.locator(".conversations a[href*='/delete/']").first.get_attribute("href")
    return (link or "").strip("/").split("/")[1]


def _invitation(page: Page, platform: Platform) -> str:
    """The secret of an invitation that waits for an answer."""
    guest = _address("guest")
    page.goto(platform.url + "/members/")
    page.fill("[name=email]", guest)
    page.locator("form.row-form button[type=submit]").first.click()
    expect(page.locator(".messages")).to_contain_text(guest)
    page.goto(platform.url + "/mail/")
    mail = page.locator("article.mail").filter(has_text=guest).first
    found = re.search(r"/join/([^/\s\"]+)/", mail.inner_html())
    assert found, "no mail with the invitation"
    return found[1]


def _visit(context: BrowserContext, page: Page, platform: Platform) -> dict[str, str]:
    """A visitor's answer in a frame, whose key is in its address, and its source and document."""
    app = _published_app(platform, name="Open garden", template="cited-answer")
    page.goto(f"{platform.url}/apps/{app}/share/")
    page.get_by_role("button", name="Open it to everybody").click()
    page.check("[name=opens_documents]")
    page.get_by_role("button", name="Save what visitors may do").click()
    address = page.locator("#public-address").inner_text().strip()
    page.goto(address + "embed/")
    page.fill("#id_input", QUESTION)
    page.click("#send")
    turn = page.locator("article.turn").last
    expect(turn).to_have_attribute("data-state", "finished", timeout=ANSWER_MS)
    answer = turn.get_attribute("data-page") or ""
    source = page.locator(".sources a.chip").first.get_attribute("href") or ""
    page.goto(platform.url + source.partition("#")[0])
    document = page.locator("a[href*='/documents/']").first.get_attribute("href") or ""
    return {
        "visit": answer.strip("/"),
        "visited_source": source.partition("#")[0].strip("/"),
        "visited_document": document.partition("#")[0].strip("/"),
    }
