"""Writes small files of every kind that is parsed, sound and broken, for the tests."""

import csv
import html
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import docx
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

WORD_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


def write_pdf(
    path: Path,
    pages: Sequence[Sequence[str]],
    *,
    title: str | None = None,
    password: str | None = None,
) -> None:
    """One PDF page for each sequence of lines; an empty sequence makes an empty page."""
    encryption = StandardEncryption(password) if password is not None else None
    canvas = Canvas(str(path), encrypt=encryption, invariant=True)
    if title is not None:
        canvas.setTitle(title)
    for lines in pages:
        y = 800
        for line in lines:
            canvas.drawString(50, y, line)
            y -= 16
        canvas.showPage()
    canvas.save()


def write_picture_pdf(path: Path) -> None:
    """A PDF that shows a picture and no text, as a scanner makes it."""
    from reportlab.lib.utils import ImageReader

    canvas = Canvas(str(path), invariant=True)
    canvas.drawImage(ImageReader(io.BytesIO(ONE_PIXEL)), 0, 0, 500, 700)
    canvas.showPage()
    canvas.save()


def write_docx(path: Path, paragraphs: Sequence[str]) -> None:
    """A Word document with one paragraph after another."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(path))


def write_raw_docx(path: Path, body: str, parts: Mapping[str, str] | None = None) -> None:
    """A Word document made of raw WordprocessingML, with more ``parts`` by their names."""
    document = f'<w:document xmlns:w="{WORD_NAMESPACE}"><w:body>{body}</w:body></w:document>'
    write_zip(path, {"word/document.xml": document, **(parts or {})})


def write_zip(path: Path, members: Mapping[str, str | bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def write_html(path: Path, paragraphs: Sequence[str]) -> None:
    body = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    path.write_text(f"<!doctype html><meta charset=utf-8><title>Test</title>{body}", "utf-8")


def write_text(path: Path, paragraphs: Sequence[str]) -> None:
    path.write_text("\n\n".join(paragraphs), "utf-8")


def write_csv(path: Path, rows: Sequence[Sequence[str]], *, delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
