"""What a list of sessions calls a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.accounts.templatetags.accounts import browser_name

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome, Linux"),
        (CHROME + " Edg/150.0", "Edge, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko Firefox/140.0", "Firefox, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/150.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.0", "unknown browser"),
        ("", "unknown browser"),
    ],
)
def test_browser_is_called_by_its_own_name(user_agent, name):
    assert browser_name(user_agent) == name


@given(st.text(max_size=200))
def test_every_text_has_a_name(user_agent):
    assert browser_name(user_agent)
