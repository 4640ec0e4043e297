"""Sound files of the formats that need no library, for parsers whose author gives no sample."""

import csv
import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final


def _write_text(path: Path, paragraphs: Sequence[str]) -> None:
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")


def _write_html(path: Path, paragraphs: Sequence[str]) -> None:
    body = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    page = (
        f"<!doctype html><html><head><meta charset=utf-8><title>Sample</title></head><body>\n{body}"
    )
    path.write_text(f"{page}\n</body></html>\n", encoding="utf-8")


def _write_table(delimiter: str) -> Callable[[Path, Sequence[str]], None]:
    def write(path: Path, paragraphs: Sequence[str]) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, delimiter=delimiter)
            rows.writerow(("number", "sentence"))
            rows.writerows(enumerate(paragraphs, start=1))

    return write


WRITERS: Final[Mapping[str, Callable[[Path, Sequence[str]], None]]] = {
    "text/plain": _write_text,
    "text/markdown": _write_text,
    "text/html": _write_html,
    "text/csv": _write_table(","),
    "text/tab-separated-values": _write_table("\t"),
}
