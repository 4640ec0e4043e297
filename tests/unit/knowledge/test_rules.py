"""Rules without side effects."""

import pytest

from altiplano.kernel.errors import InvalidInputError, LimitReachedError
from altiplano.knowledge import rules
from altiplano.knowledge.models import DocumentState, DocumentVersion


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 kB"),
        (1536, "1.5 kB"),
        (200 * 1024**2, "200 MB"),
        (20 * 1024**3, "20 GB"),
    ],
)
def test_bytes_are_said_as_people_say_them(count, text):
    assert rules.readable_bytes(count) == text


def test_states_that_move_and_states_that_can_be_retried_are_apart():
    for state in DocumentState:
        version = DocumentVersion(state=state, bytes=0)
        assert not (rules.is_unfinished(version) and rules.can_retry(version))
    assert rules.is_unfinished(DocumentVersion(state="parsing"))
    assert rules.can_retry(DocumentVersion(state="cancelled"))
    assert not rules.can_retry(DocumentVersion(state="ready"))


def test_quota_allows_what_fits_exactly():
    rules.check_storage(used=60, added=40, limit=100)
    with pytest.raises(LimitReachedError):
        rules.check_storage(used=60, added=41, limit=100)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/a.pdf", "example.org"),
        ("http://EXAMPLE.org:8080/a?b=c#d", "example.org"),
        ("https://xn--cole-9oa.example/", "xn--cole-9oa.example"),
    ],
)
def test_web_addresses_pass(url, host):
    assert rules.check_url(url) == host


@pytest.mark.parametrize("url", ["", "x", "https://a\r\nb", "http://[::1", "https://école.fr/"])
def test_what_is_no_plain_address_does_not(url):
    with pytest.raises(InvalidInputError) as caught:
        rules.check_url(url)
    assert caught.value.code == "url_not_valid"
    assert "url" in caught.value.fields
