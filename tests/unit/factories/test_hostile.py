"""The tests of hostile texts rest on this: a form is found where it is live, and not where it is text."""

import html

import pytest

from tests.factories.hostile import FORMS, HostileForm, in_pieces, live_parts


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_escaped_form_is_text(form: HostileForm):
    safe = html.escape(form.text)
    page = f'<p title="{safe}">{safe}</p><textarea>{safe}</textarea><option value="{safe}">'
    assert live_parts(page) == []


@pytest.mark.parametrize(
    "name", ["img", "srcset", "svg-image", "style-import", "link-prefetch", "script", "svg-load"]
)
def test_raw_form_is_live(name: str):
    form = next(each for each in FORMS if each.name == name)
    assert live_parts(f"<p>{form.text}</p>") != []


def test_link_elsewhere_is_live():
    form = next(each for each in FORMS if each.name == "autolink")
    assert live_parts(f'<a href="{html.escape(form.text[1:-1])}">x</a>') != []


def test_search_for_a_form_is_an_address_of_our_own():
    assert live_parts('<a href="?q=https://leak.example/?q=canary-5e11">x</a>') == []
    assert live_parts('<a href="/\\leak.example/?q=canary-5e11">x</a>') != []


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_pieces_are_the_whole_text(size: int):
    for form in FORMS:
        assert "".join(in_pieces(form.text, size)) == form.text


def test_there_are_as_many_forms_as_the_case_asks_for():
    assert len({form.text for form in FORMS}) == len({form.name for form in FORMS}) >= 40
