"""Hosts that may embed a chat: exact names, whatever was pasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.kernel.errors import InvalidInputError
from altiplano.studio.domain.sharing import MAX_DOMAINS, read_domains

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
HOSTS = (
    st.lists(LABELS, min_size=1, max_size=4).map(".".join).filter(lambda host: "xn--" not in host)
)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("www.school.example", "www.school.example"),
        ("  WWW.School.Example ", "www.school.example"),
        ("https://www.school.example/pages/help?x=1", "www.school.example"),
        ("http://localhost:8671/", "localhost:8671"),
        ("127.0.0.1:8671", "127.0.0.1:8671"),
        ("école.example", "xn--cole-9oa.example"),
    ],
)
def test_host_is_read_from_what_people_paste(written, host):
    assert read_domains([written]) == [host]


@pytest.mark.parametrize(
    "written",
    [
        "*",
        "*.school.example",
        "school.example/path",
        "school.example;script-src *",
        "'self'",
        "data:",
        "school.example:99999",
        "school.example:",
        "person@school.example",
        "https://person:word@school.example/",
        "two hosts.example",
        "-school.example",
        "school..example",
        "a" * 64 + ".example",
        ".".join(["abcdefgh"] * 40),
        "javascript:alert(1)",
        "https://",
        "[::1]:8000",
    ],
)
def test_anything_that_is_no_exact_host_is_refused(written):
    with pytest.raises(InvalidInputError) as refused:
        read_domains([written])
    assert "domains" in refused.value.fields


def test_empty_lines_and_repetitions_are_left_out():
    assert read_domains(["", "a.example", "  ", "A.example", "https://a.example"]) == ["a.example"]
    assert read_domains([]) == []


def test_list_is_bounded():
    hosts = [f"s{number}.example" for number in range(MAX_DOMAINS + 1)]
    assert read_domains(hosts[:-1]) == hosts[:-1]
    with pytest.raises(InvalidInputError):
        read_domains(hosts)


@given(st.lists(HOSTS, max_size=5))
def test_reading_what_was_read_changes_nothing(hosts):
    once = read_domains(hosts)
    assert read_domains(once) == once
    assert read_domains([f"https://{host}/page" for host in once]) == once


@given(st.text(max_size=60))
def test_no_text_becomes_more_than_a_host(text):
    """What is read goes into a response header: nothing in it may end the directive."""
    try:
        hosts = read_domains([text])
    except InvalidInputError:
        return
    assert all(set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-:") for host in hosts)
