"""Tables as CSV that opens in a spreadsheet with a double click.

UTF-8 with a byte order mark, without which Excel takes é for Ã©; separated by semicolons where the
language writes a decimal comma, as Excel expects there. A text that a spreadsheet would take for a
formula begins with an apostrophe, so that an app called ``=HYPERLINK(…)`` stays a name.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.formats import get_format

BYTE_ORDER_MARK: Final = "\ufeff"
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
Row = Sequence[object]


def separator_of_language() -> str:
    """What stands between cells, in the language that is active."""
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","


def write_rows(rows: Iterable[Row], separator: str) -> str:
    """The rows as lines of CSV in which no text is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def _safe(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS):
        return "'" + cell
    return cell
