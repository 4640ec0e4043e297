"""From a stored file to text with spans: loader, parser, splitter.

All offsets are in characters (Unicode code points) of :attr:`ParsedDocument.text`, start
included, end excluded.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from altiplano_sdk.contracts.context import Context


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was uploaded, or as a loader brought it.

    ``name`` is what people call it and no path. ``media_type`` is in lower case; for an upload it
    was sniffed from the bytes, not declared. ``size`` is in bytes. ``path`` is where the bytes lie;
    its last part says nothing about the format.
    """

    name: str
    media_type: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PageSpan:
    """Page ``number`` (from 1) covers ``text[start:end]``. Formats without pages have one."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """Extracted text. ``pages`` are in order, do not overlap and lie within the text.

    ``language`` is an ISO 639-1 code or None when unknown. ``warnings`` are sentences for the
    owner (hidden text removed, pages without text, rows cut).
    """

    text: str
    pages: tuple[PageSpan, ...]
    title: str | None = None
    language: str | None = None
    warnings: tuple[str, ...] = ()


@runtime_checkable
class Loader(Protocol):
    """Brings files from elsewhere; the caller removes each file after use."""

    def load(self, reference: Mapping[str, Any], ctx: Context) -> AsyncIterator[SourceFile]:
        """Files one after another, each complete when it is yielded, no two of one name.

        ``reference`` is the owner's wish, in a shape that the loader states; it is not changed.
        Raises :class:`~altiplano_sdk.errors.PermanentError` for a reference that is wrong and
        :class:`~altiplano_sdk.errors.RetryableError` when the source does not answer. A caller
        that has enough closes the iterator; files that were yielded stay.
        """
        ...


@runtime_checkable
class Parser(Protocol):
    """Turns one file into text.

    Raises :class:`~altiplano_sdk.errors.UnreadableDocumentError` with a reason a person
    understands; deterministic: the same bytes give the same text.
    """

    media_types: tuple[str, ...]

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        """The text as :func:`~altiplano_sdk.clean_text` would leave it, with its pages.

        The file is left as it was and nothing is left beside it.
        """
        ...


@dataclass(frozen=True, slots=True)
class PageWish:
    """Page ``page``, from 1, about ``width`` pixels wide, with ``passage`` of its text marked.

    When the page says the same several times, ``skipped`` of them come before the one meant.
    """

    page: int
    width: int
    passage: str = ""
    skipped: int = 0


@runtime_checkable
class PagePainter(Protocol):
    """What a parser may offer besides: a page as its readers see it, as a WebP.

    A passage that cannot be found on the page is left unmarked. Raises
    :class:`~altiplano_sdk.errors.UnreadableDocumentError` as parsing does.
    """

    async def draw_page(self, source: SourceFile, wish: PageWish, ctx: Context) -> bytes: ...


@runtime_checkable
class Splitter(Protocol):
    """Cuts a document into spans, in order of start, each non-empty.

    Every non-space character of the text lies in at least one span; spans may overlap, but none
    lies within another.
    """

    async def split(self, document: ParsedDocument, ctx: Context) -> tuple[Span, ...]:
        """Spans in characters of ``document.text``; none for a text of nothing but space.

        The same document gives the same spans: citations point into them.
        """
        ...
