"""LangChain's document loaders and text splitters as loaders and splitters."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_text_splitters import TextSplitter

from altiplano_sdk import (
    Context,
    Loader,
    ParsedDocument,
    PermanentError,
    SourceFile,
    Span,
    Splitter,
)
from altiplano_sdk.langchain.making import MadePlugin, NoSettings, Settings, finish_class

_NOT_A_NAME = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 100


def loader_plugin(
    make: Callable[[Settings, Mapping[str, Any]], BaseLoader],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
) -> type[Loader]:
    """A loader whose files are the documents that ``make(config, reference)`` loads.

    Each document becomes one UTF-8 text file, named after its ``source`` or ``title``.
    """

    class MadeLoader(MadePlugin[Settings], Loader):
        async def load(
            self, reference: Mapping[str, Any], ctx: Context
        ) -> AsyncIterator[SourceFile]:
            folder = Path(tempfile.mkdtemp(prefix="loaded-"))
            number = 0
            async for document in make(self.config, reference).alazy_load():
                number += 1
                yield await asyncio.to_thread(_write_document, folder, number, document)

    finish_class(MadeLoader, config, "LangChainLoader")
    return MadeLoader


def _write_document(folder: Path, number: int, document: Document) -> SourceFile:
    stem = str(document.metadata.get("title") or document.metadata.get("source") or "document")
    name = _NOT_A_NAME.sub("-", stem.rsplit("/", 1)[-1]).strip("-.")[:_LONGEST_NAME] or "document"
    path = folder / f"{number}-{name}.txt"
    content = document.page_content.encode("utf-8", errors="replace")
    path.write_bytes(content)
    return SourceFile(path.name, "text/plain", path, len(content))


def splitter_plugin(
    make: Callable[[Settings], TextSplitter],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
) -> type[Splitter]:
    """A splitter whose spans are where the pieces of ``make(config)`` stand in the text.

    What a LangChain splitter drops between two pieces (separators, spaces) goes to the piece
    before it, so that no word is lost. A splitter that rewrites the text cannot be cited from:
    then ``split`` raises PermanentError (``text_changed``).
    """

    class MadeSplitter(MadePlugin[Settings], Splitter):
        async def split(self, document: ParsedDocument, ctx: Context) -> tuple[Span, ...]:
            splitter = make(self.config)
            pieces = await asyncio.to_thread(splitter.split_text, document.text)
            # The overlap is in characters only when that is what the splitter counts.
            counts_characters = getattr(splitter, "_length_function", None) is len
            overlap = getattr(splitter, "_chunk_overlap", None) if counts_characters else None
            return locate_pieces(document.text, pieces, overlap=overlap)

    finish_class(MadeSplitter, config, "LangChainSplitter")
    return MadeSplitter


def locate_pieces(
    text: str, pieces: Sequence[str], *, overlap: int | None = None
) -> tuple[Span, ...]:
    """Where the pieces stand in ``text``, in order, with all non-space text covered.

    A piece is looked for where it brings something new: not before the start of the one before it
    and ending behind its end (one that holds the other takes its place); not earlier than ``overlap`` characters before that end when it is
    known. The earliest such place is never behind the true one, so every later piece is found,
    too.
    """
    places: list[tuple[int, int]] = []
    for piece in filter(None, (piece.strip() for piece in pieces)):
        begin = last_start = last_end = 0
        if places:
            last_start, last_end = places[-1]
            begin = max(last_start, last_end + 1 - len(piece))
            if overlap is not None:
                begin = max(begin, last_end - overlap)
        found = text.find(piece, begin)
        if found < 0 and piece in text[last_start:last_end]:
            continue  # made of overlap alone
        if found < 0:
            raise PermanentError(
                "The splitter changes the text it is given, so its pieces cannot be cited.",
                code="text_changed",
            )
        if places and found == last_start:
            places.pop()
        places.append((found, found + len(piece)))
    if not places and text.strip():
        # Nothing but separators: still text that somebody may look for.
        return (Span(_skip_space(text, 0), len(text.rstrip())),)
    return _without_gaps(text, places)


def _without_gaps(text: str, places: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    spans: list[Span] = []
    covered = 0
    for position, (start, end) in enumerate(places):
        begin = _skip_space(text, 0) if position == 0 else start
        until = len(text) if position == len(places) - 1 else places[position + 1][0]
        covered = max(covered, end)
        dropped = len(text[covered:until].rstrip())
        covered += dropped
        spans.append(Span(min(begin, start), covered if dropped else end))
    return tuple(spans)


def _skip_space(text: str, position: int) -> int:
    return position + len(text[position:]) - len(text[position:].lstrip())
