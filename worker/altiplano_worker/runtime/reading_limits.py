"""What may be kept of a document that plugins from outside have read, beyond what their border checks.

A border judges each answer for itself. Here the text and the spans are held against what a database
row and an index can carry.
"""

from dataclasses import replace
from typing import Final

import altiplano_sdk as sdk
from altiplano_worker.runtime.budgets import PluginFailedError

MOST_SPANS: Final = 100_000
MOST_SPAN_CHARS: Final = 20_000
MOST_OVERLAP: Final = 4
"""How many times over the spans may hold the text: neighbours share some of it, not all."""


def checked_text(document: sdk.ParsedDocument, *, text_chars: int) -> sdk.ParsedDocument:
    """The document with a language of two letters or none. Raises BudgetExceededError for a text that
    is too long, UnreadableDocumentError for one that cannot be written down.
    """
    if len(document.text) > text_chars:
        raise sdk.BudgetExceededError(
            f"The file holds more than {text_chars:,} characters of text. Split it into smaller "
            "files.",
            code="parse_text",
        )
    try:
        "".join((document.text, document.title or "", *document.warnings)).encode()
    except UnicodeEncodeError as error:
        raise sdk.UnreadableDocumentError(
            "The text of this document holds characters that cannot be written down."
        ) from error
    language = (document.language or "")[:2].lower()
    is_known = len(language) == 2 and language.isascii() and language.isalpha()
    return replace(document, language=language if is_known else None)


def checked_spans(
    spans: tuple[sdk.Span, ...], document: sdk.ParsedDocument, *, plugin: str
) -> tuple[sdk.Span, ...]:
    """The spans, of which an index can hold each. Raises PluginFailedError."""
    total = sum(span.end - span.start for span in spans)
    longest = max((span.end - span.start for span in spans), default=0)
    if (
        len(spans) > MOST_SPANS
        or longest > MOST_SPAN_CHARS
        or total > MOST_OVERLAP * len(document.text)
    ):
        raise PluginFailedError(
            f"The plugin {plugin} cuts the document into pieces that are too many or too long."
        )
    return spans
