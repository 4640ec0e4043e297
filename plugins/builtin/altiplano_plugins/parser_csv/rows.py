"""Finds out how a table is written and rewrites its rows as sentences."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from altiplano_sdk import UnreadableDocumentError

_DELIMITERS = ",;\t|"
_SNIFFED_ROWS = 50
_FIELD_CHARACTERS = 1_000_000
_CAPTION_ROWS = 4

_HINT = re.compile(r"\Asep=(.)\n")
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"[+-]?[\d\s.,'%€$£/:-]+")


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """The rows as lines, and what was left out."""

    text: str
    warnings: tuple[str, ...]


def write_rows(text: str, *, max_rows: int, max_columns: int) -> WrittenTable:
    """One line for each row of ``text`` that holds a value.

    Raises UnreadableDocumentError when a field is so long that the quotes cannot be right.
    """
    hint = _HINT.match(text)
    delimiter = hint[1] if hint else find_delimiter(text)
    captions, rows = _split_captions(_rows(text[hint.end() :] if hint else text, delimiter))
    first = next(rows, None)
    if first is None:
        return WrittenTable("", ())
    warnings = []
    if len(first) > max_columns:
        warnings.append(f"Only the first {max_columns} of {len(first)} columns were read.")
    headers = _headers(first)
    body = list(islice(rows, max_rows)) if headers else [first, *islice(rows, max_rows - 1)]
    if next(rows, None) is not None:
        warnings.append(f"Only the first {max_rows} rows were read.")
    if headers and not body:
        headers, body = [], [first]  # a header alone is still something to find
    lines = (_line(row[:max_columns], headers) for row in body)
    return WrittenTable("\n".join((*captions, *filter(None, lines))), tuple(warnings))


def _split_captions(rows: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]]]:
    """Rows of one value above a wider row are its caption. A single column has none."""
    head = list(islice(rows, _CAPTION_ROWS + 1))
    table = next((n for n, row in enumerate(head) if sum(map(bool, row)) > 1), 0)
    return [_line(row, ()) for row in head[:table]], chain(head[table:], rows)


def find_delimiter(text: str) -> str:
    """The delimiter under which most rows have the same number of columns, more than one.

    A comma when nothing separates columns.
    """
    sample = text[:100_000]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        if delimiter not in sample:
            continue
        widths = [len(row) for row in islice(_rows(sample, delimiter), _SNIFFED_ROWS)]
        if not widths:
            continue
        columns, agreeing = Counter(widths).most_common(1)[0]
        # Agreement counts first; among equals, the delimiter that finds more columns.
        score = agreeing / len(widths) + min(columns, 50) / 1000 if columns > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows that hold a value, each value on one line."""
    csv.field_size_limit(_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            values = [_SPACE.sub(" ", value).strip() for value in row]
            if any(values):
                yield values
    except csv.Error as error:
        raise UnreadableDocumentError(
            "The table could not be read: a quotation mark seems to be missing."
        ) from error


def _headers(first: Sequence[str]) -> list[str]:
    """The column names, if the first row is one of names: all different, none a number.

    Empty when the row is data like the others.
    """
    named = [value for value in first if value]
    if len(first) < 2 or len(named) < len(first) - 1 or len(set(named)) < len(named):
        return []
    if any(_NUMBER.fullmatch(value) or len(value) > 200 for value in named):
        return []
    return [value.rstrip(":") for value in first]


def _line(row: Sequence[str], headers: Sequence[str]) -> str:
    parts = []
    for place, value in enumerate(row):
        if value:
            header = headers[place] if place < len(headers) else ""
            parts.append(f"{header}: {value}" if header else value)
    line = "; ".join(parts)
    return line if not line or line.endswith((".", "!", "?", "…", "。")) else f"{line}."
