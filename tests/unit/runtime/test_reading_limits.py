"""What may be kept of a document that a plugin from outside has read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import altiplano_sdk as sdk
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.reading_limits import (
    MOST_OVERLAP,
    MOST_SPAN_CHARS,
    checked_spans,
    checked_text,
)


def parsed(text: str, **more: object) -> sdk.ParsedDocument:
    return sdk.ParsedDocument(text, (sdk.PageSpan(1, 0, len(text)),), **more)


@pytest.mark.parametrize(
    ("said", "kept"),
    [("fr", "fr"), ("FR", "fr"), ("fr-CA", "fr"), ("", None), (None, None), ("é1", None)],
)
def test_language_becomes_two_letters_or_none(said, kept):
    assert checked_text(parsed("Bonjour.", language=said), text_chars=100).language == kept


def test_text_that_is_too_long_is_refused_with_its_limit():
    with pytest.raises(sdk.BudgetExceededError, match="more than 1,000 characters") as refused:
        checked_text(parsed("a" * 1001), text_chars=1000)
    assert refused.value.code == "parse_text"


@pytest.mark.parametrize("where", ["text", "title", "warnings"])
def test_characters_that_no_database_stores_are_refused(where):
    parts = {"text": "sound", "title": "", "warnings": ()}
    parts[where] = ("\ud800",) if where == "warnings" else "\ud800"
    document = parsed(parts["text"], title=parts["title"], warnings=parts["warnings"])
    with pytest.raises(sdk.UnreadableDocumentError, match="cannot be written down"):
        checked_text(document, text_chars=100)


@given(st.integers(1, 200), st.integers(1, MOST_OVERLAP))
def test_spans_may_overlap_as_often_as_is_allowed_and_not_more(length, times):
    document = parsed("a" * length)
    spans = (sdk.Span(0, length),) * times
    assert checked_spans(spans, document, plugin="cutter") == spans
    with pytest.raises(PluginFailedError, match="cutter cuts the document"):
        checked_spans(spans + spans * MOST_OVERLAP, document, plugin="cutter")


def test_span_that_no_index_holds_is_refused():
    document = parsed("a" * (MOST_SPAN_CHARS + 1))
    with pytest.raises(PluginFailedError, match="too many or too long"):
        checked_spans((sdk.Span(0, MOST_SPAN_CHARS + 1),), document, plugin="cutter")
