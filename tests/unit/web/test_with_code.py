"""Sentences of the plugin checks, whose code stands between backticks."""

import pytest

from altiplano.web.templatetags.altiplano import with_code


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`subprocess` is closed.", "<code>subprocess</code> is closed."),
        ("Write `def f() -> None:`.", "Write <code>def f() -&gt; None:</code>."),
        ("One ` alone & <b>", "One ` alone &amp; &lt;b&gt;"),
        ("`<script>`", "<code>&lt;script&gt;</code>"),
        ("", ""),
    ],
)
def test_with_code_marks_what_is_ticked_and_escapes_everything(text, html):
    assert with_code(text) == html
