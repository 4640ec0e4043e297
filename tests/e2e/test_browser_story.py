"""The story in the browser: ask, read, check the source, bring one's own document."""

import re
import secrets
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.e2e.conftest import Platform, every, open_page, sign_in
from tests.e2e.proxy import CuttingProxy

ANSWER_MS = 90_000


def ask(page: Page, platform: Platform, question: str, app: str | None = None) -> None:
    """The question is asked in a new conversation, and its answer is complete."""
    page.goto(f"{platform.url}/apps/{app or platform.demo['app']}/")
    page.fill("#id_input", question)
    page.click("#send")
    wait_until_over(page)


def wait_until_over(page: Page, state: str = "finished") -> None:
    """The newest turn is over, and the page holds the server's rendering of it."""
    newest = page.locator("article.turn").last
    expect(newest).to_have_attribute("data-state", state, timeout=ANSWER_MS)


def run_of(page: Page, platform: Platform) -> dict:
    return platform.api("GET", "/runs/" + page.url.rstrip("/").rpartition("/")[2])


def wait_for_words(page: Page) -> None:
    """The answer has begun and is not complete yet."""
    expect(page.locator(".answer.said")).to_have_text(
        re.compile(".{20}", re.DOTALL), timeout=ANSWER_MS
    )


def stop(page: Page) -> None:
    """As a person would: again, where the first click still counted as part of a double click."""
    for _ in every(0.1, 5):
        page.click("#stop")
        if page.locator("#stop").is_disabled():
            return
    raise AssertionError("no click on Stop was heard")


def write_pdf(path: Path, pages: list[str]) -> Path:
    canvas = Canvas(str(path), pagesize=A4)
    for text in pages:
        for number, line in enumerate(text.splitlines()):
            canvas.drawString(60, 780 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def test_question_streams_an_answer_whose_citation_opens_at_the_passage(page, platform):
    ask(page, platform, "How long does compost take to mature?")
    run = run_of(page, platform)
    assert run["state"] == "finished"
    assert run["citations"], run["answer"]
    page.locator("a.chip").first.click()
    marked = page.locator("#source mark")
    expect(marked).to_be_visible()
    citation = run["citations"][0]
    assert marked.inner_text().split() == citation["quote"].split()
    text = platform.api("GET", f"/documents/{citation['document_id']}/text")["text"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    expect(page.locator("#source h2")).to_have_text(citation["document_name"])
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()


def test_answer_appears_word_by_word(page, platform):
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.evaluate(
        """() => {
            window.lengths = [];
            new MutationObserver(() => {
                const said = document.querySelector(".answer.said");
                if (said) window.lengths.push(said.textContent.length);
            }).observe(document.getElementById("turns"), {childList: true, subtree: true});
        }"""
    )
    page.fill("#id_input", "How do we save water in the garden?")
    page.click("#send")
    wait_until_over(page)
    lengths = [length for length in page.evaluate("window.lengths") if length]
    assert len(set(lengths)) > 5
    assert lengths == sorted(lengths)


def test_french_question_is_answered_in_french_from_documents_of_either_language(page, platform):
    ask(page, platform, "Combien de temps faut-il au compost pour mûrir ?")
    run = run_of(page, platform)
    assert "mois" in run["answer"]
    assert run["citations"], run["answer"]
    page.locator("a.chip").first.click()
    expect(page.locator("#source mark")).to_contain_text(re.compile("six to twelve|mois"))


def test_question_the_documents_do_not_hold_is_refused_with_the_nearest_passages(page, platform):
    ask(page, platform, "Who was the first person to walk on the moon?")
    run = run_of(page, platform)
    assert run["abstained"] is True
    assert run["citations"] == []
    nearest = page.locator(".nearest a")
    expect(nearest.first).to_be_visible()
    nearest.first.click()
    expect(page.locator("#source mark")).to_be_visible()


def test_conversation_survives_a_reload(page, platform):
    ask(page, platform, "How long does compost take to mature?")
    before = page.locator(".turn .answer").inner_text()
    page.reload()
    assert page.locator(".turn .answer").inner_text() == before
    page.fill("#id_input", "And what must stay out of it?")
    page.keyboard.press("Enter")
    expect(page.locator("article.turn[data-state=finished]")).to_have_count(2, timeout=ANSWER_MS)
    page.reload()
    expect(page.locator("article.turn")).to_have_count(2)


def test_stop_ends_the_answer_and_keeps_what_was_said(page, platform):
    app = platform.api(
        "POST", "/apps", status=201, json={"name": "Talker", "template": "chat", "collections": []}
    )
    page.goto(f"{platform.url}/apps/{app['id']}/")
    page.fill("#id_input", "Write a long story about a garden, with many characters.")
    page.click("#send")
    wait_for_words(page)
    stop(page)
    wait_until_over(page, "cancelled")
    run = run_of(page, platform)
    assert run["state"] == "cancelled"
    assert len(run["answer"]) > 10
    expect(page.locator("text=Stopped. What was said so far is kept.")).to_be_visible()
    platform.api("DELETE", f"/apps/{app['id']}", status=204)


def test_page_that_is_opened_while_the_answer_grows_follows_it(page, platform):
    app = platform.api("POST", "/apps", status=201, json={"name": "Talker too", "template": "chat"})
    page.goto(f"{platform.url}/apps/{app['id']}/")
    page.fill("#id_input", "Write a long story about rain.")
    page.click("#send")
    wait_for_words(page)
    newest = platform.api("GET", f"/apps/{app['id']}/runs")[0]["id"]
    other = page.context.new_page()
    other.goto(f"{platform.url}/runs/{newest}/")
    expect(other.locator("article.turn[data-state=finished] .answer")).to_be_visible(
        timeout=ANSWER_MS
    )
    platform.api("DELETE", f"/apps/{app['id']}", status=204)


def test_cut_connection_is_mended_without_a_word_lost_or_doubled(browser, platform):
    app = platform.api("POST", "/apps", status=201, json={"name": "Far away", "template": "chat"})
    with CuttingProxy(int(platform.url.rpartition(":")[2])) as proxy:
        context, page = open_page(browser)
        seen: list[str] = []
        page.on("request", lambda request: seen.append(request.url))
        sign_in(page, replace(platform, url=proxy.url))
        page.goto(f"{proxy.url}/apps/{app['id']}/")
        page.fill("#id_input", "Write a long story about a bridge.")
        page.click("#send")
        wait_for_words(page)
        proxy.cut()
        wait_until_over(page)
        run = run_of(page, platform)
        assert run["state"] == "finished"
        assert any(url.endswith("/events") for url in seen), "the cut was not noticed"
        context.close()
    platform.api("DELETE", f"/apps/{app['id']}", status=204)


def test_events_are_the_same_however_the_bytes_are_cut(page, platform):
    stream = (
        "retry: 1000\n\nid: 1-0\nevent: run.started\ndata: {}\n\n: still here\n\n"
        'id: 2-0\r\nevent: answer.delta\r\ndata: {"text":\r\ndata: "été"}\r\n\r\n'
    )
    parse = """async ([text, size]) => {
        const { EventParser } = await import("/static/runs/events.js");
        const parser = new EventParser();
        const events = [];
        for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
        return events;
    }"""
    page.goto(platform.url + "/home/")
    wanted = [
        {"id": "1-0", "type": "run.started", "data": "{}"},
        {"id": "2-0", "type": "answer.delta", "data": '{"text":\n"été"}'},
    ]
    for size in (1, 2, 3, 7, 1000):
        assert page.evaluate(parse, [stream, size]) == wanted, size


def test_chat_without_script_shows_the_whole_answer(browser: Browser, platform: Platform):
    context, page = open_page(browser, java_script_enabled=False)
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", "How long does compost take to mature?")
    page.click("#send")
    expect(page.locator("article.turn[data-state=finished] .answer")).to_be_visible(
        timeout=ANSWER_MS
    )
    page.locator("a.chip").first.click()
    expect(page.locator("mark#passage")).to_be_visible()
    context.close()


def test_own_pdf_uploaded_by_page_is_searchable(page, platform, tmp_path):
    pdf = write_pdf(
        tmp_path / "bees.pdf",
        [
            "The school keeps three beehives.",
            "Each hive gives about twelve kilograms of honey a year.",
        ],
    )
    page.goto(f"{platform.url}/collections/new/")
    page.fill("[name=name]", f"Beekeeping {secrets.token_hex(3)}")
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile("/collections/[0-9a-f-]{36}/"))
    collection = page.url.rstrip("/").rpartition("/")[2]
    page.set_input_files("#id_file", pdf)
    row = page.locator("tr", has_text="bees.pdf")
    expect(row.locator(".pill.ready")).to_be_visible(timeout=60_000)
    expect(row).to_contain_text("2")
    hits = platform.api(
        "POST", f"/collections/{collection}/search", json={"query": "How much honey?"}
    )["hits"]
    assert hits[0]["document_name"] == "bees.pdf"
    row.get_by_role("link", name="bees.pdf").first.click()
    expect(page.locator(".extracted")).to_contain_text("three beehives")
    page.go_back()
    page.get_by_role("button", name="Delete bees.pdf").click()
    expect(page.locator(".toast")).to_contain_text("“bees.pdf” is deleted.")
    platform.api("DELETE", f"/collections/{collection}", status=204)


def test_files_dropped_on_the_page_are_uploaded_and_a_bad_one_says_why(page, platform):
    collection = platform.api("POST", "/collections", status=201, json={"name": "Dropped"})["id"]
    page.goto(f"{platform.url}/collections/{collection}/")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["The gate closes at six."], "gate.txt"));
            data.items.add(new File([new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])], "tool.pdf"));
            const event = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
            document.getElementById("drop").dispatchEvent(event);
        }"""
    )
    expect(page.locator("tr", has_text="gate.txt").locator(".pill.ready")).to_be_visible(
        timeout=60_000
    )
    bad = page.locator("tr", has_text="tool.pdf")
    expect(bad.locator(".pill.failed")).to_be_visible()
    expect(bad.locator(".reason")).not_to_be_empty()
    platform.api("DELETE", f"/collections/{collection}", status=204)
