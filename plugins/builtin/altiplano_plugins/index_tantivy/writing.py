"""Extending and compacting a tantivy directory."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import tantivy

import altiplano_sdk as sdk
from altiplano_plugins.index_tantivy.analysis import analyze_text
from altiplano_plugins.index_tantivy.languages import analyzer_key

ID, TERMS, LANGUAGE = "id", "terms", "language"

_EXTEND_HEAP = 15_000_000
_COMPACT_HEAP = 60_000_000
_PAGE = 10_000
_LARGEST_ID = 2**63 - 1


class IndexBatchError(sdk.PermanentError):
    """The batch holds something that must not enter an index."""

    code = "index_batch"


def schema() -> tantivy.Schema:
    """The same for every directory; terms arrive analysed and are only cut at blanks."""
    return (
        tantivy.SchemaBuilder()
        .add_unsigned_field(ID, stored=True, indexed=True, fast=True)
        .add_text_field(TERMS, stored=True, tokenizer_name="whitespace", index_option="freq")
        .add_text_field(LANGUAGE, stored=True, tokenizer_name="raw", index_option="basic")
        .build()
    )


def extend_directory(previous: Path | None, target: Path, batch: sdk.IndexBatch) -> None:
    """``target`` holds the documents of ``previous`` and the batch, flushed to disk."""
    if len(set(batch.ids)) != len(batch.ids) or any(
        not 0 < chunk_id <= _LARGEST_ID for chunk_id in batch.ids
    ):
        raise IndexBatchError("Ids must be positive, and each may come once.")
    if previous is not None:
        searcher = tantivy.Index.open(str(previous)).searcher()
        if any(searcher.doc_freq(ID, chunk_id) for chunk_id in batch.ids):
            raise IndexBatchError("An id of the batch is in the index already.")
        _link_files(previous, target)
    _write(target, _documents(batch), heap=_EXTEND_HEAP)


def compact_directory(previous: Path, target: Path, removed: frozenset[int]) -> None:
    """``target`` holds ``previous`` without ``removed``, flushed to disk.

    tantivy merges small segments by itself while extending, so there is something to do only
    when a document really goes; then all others are written anew, because a deleted document's
    words would stay in its segment until a merge that nobody schedules.
    """
    index = tantivy.Index.open(str(previous))
    searcher = index.searcher()
    if not any(searcher.doc_freq(ID, chunk_id) for chunk_id in removed):
        _link_files(previous, target)
        return
    _write(target, _kept_documents(searcher, removed), heap=_COMPACT_HEAP)


def _write(target: Path, documents: Iterable[tantivy.Document], *, heap: int) -> None:
    index = tantivy.Index(schema(), path=str(target))
    writer = index.writer(heap_size=heap, num_threads=1)
    for document in documents:
        writer.add_document(document)
    writer.commit()
    # Merges run beside the commit and write files of their own: without waiting, the caller
    # would take checksums of files that are still growing.
    writer.wait_merging_threads()
    del writer, index
    for lock in target.glob(".tantivy-*.lock"):
        lock.unlink()
    _flush_directory(target)


def _documents(batch: sdk.IndexBatch) -> Iterator[tantivy.Document]:
    for chunk_id, text, language in zip(batch.ids, batch.texts, batch.languages, strict=True):
        key = analyzer_key(language)
        yield _document(chunk_id, " ".join(analyze_text(text, key)), key)


def _kept_documents(
    searcher: tantivy.Searcher, removed: frozenset[int]
) -> Iterator[tantivy.Document]:
    last = 0
    while True:
        after = tantivy.Query.range_query(
            schema(), ID, tantivy.FieldType.Unsigned, lower_bound=last, include_lower=False
        )
        page = searcher.search(
            after, limit=_PAGE, count=False, order_by_field=ID, order=tantivy.Order.Asc
        ).hits
        if not page:
            return
        for chunk_id, address in page:
            last = int(chunk_id)
            if last not in removed:
                stored = searcher.doc(address)
                yield _document(last, str(stored[TERMS][0]), str(stored[LANGUAGE][0]))


def _document(chunk_id: int, terms: str, key: str) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned(ID, chunk_id)
    document.add_text(TERMS, terms)
    document.add_text(LANGUAGE, key)
    return document


def _link_files(previous: Path, target: Path) -> None:
    for path in previous.iterdir():
        if not path.name.endswith(".lock"):
            os.link(path, target / path.name)


def _flush_directory(directory: Path) -> None:
    for path in directory.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
