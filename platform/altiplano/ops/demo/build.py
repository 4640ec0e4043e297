"""Writes the demo documents that are binary formats from ``sources/`` into ``documents/``.

``python -m altiplano.ops.demo.build``; needs reportlab, which is a development dependency. The
results are committed, so that nobody needs to run this to use the demo.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
DOCUMENTS = HERE / "documents"
PDFS = {"school-composting": "en", "dechets-de-cantine": "fr"}
WORDS = {"saving-water": "en"}
WRITTEN_AT = datetime(2026, 9, 1, tzinfo=UTC)
AUTHOR = "Green Schools"


@dataclass(frozen=True, slots=True)
class Block:
    """``kind`` is ``title``, ``heading``, ``item`` or ``text``."""

    kind: str
    text: str


def read_blocks(source: str) -> Iterator[Block]:
    """The blocks of the small part of Markdown that the sources use."""
    for raw in source.splitlines():
        line = raw.strip()
        if line.startswith("## "):
            yield Block("heading", line[3:])
        elif line.startswith("# "):
            yield Block("title", line[2:])
        elif line.startswith("- "):
            yield Block("item", line[2:])
        elif line:
            yield Block("text", line)


def write_pdf(name: str, language: str) -> Path:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    sheet = getSampleStyleSheet()
    body = ParagraphStyle("body", parent=sheet["BodyText"], fontSize=11, leading=15, spaceAfter=6)
    item = ParagraphStyle("item", parent=body, leftIndent=14, bulletIndent=3)
    heading = ParagraphStyle("heading", parent=sheet["Heading2"], keepWithNext=1)
    styles = {"title": sheet["Title"], "heading": heading, "item": item, "text": body}
    blocks = list(read_blocks((SOURCES / f"{name}.md").read_text(encoding="utf-8")))
    target = DOCUMENTS / f"{name}.pdf"
    document = SimpleDocTemplate(
        str(target),
        pagesize=A4,
        leftMargin=25 * mm,
        rightMargin=25 * mm,
        title=blocks[0].text,
        author=AUTHOR,
        lang=language,
        invariant=1,
    )
    document.build(
        [
            Paragraph(
                block.text, styles[block.kind], bulletText="•" if block.kind == "item" else None
            )
            for block in blocks
        ]
    )
    return target


def write_docx(name: str, language: str) -> Path:
    import docx

    document = docx.Document()
    styles = {"title": "Title", "heading": "Heading 1", "item": "List Bullet", "text": "Normal"}
    blocks = list(read_blocks((SOURCES / f"{name}.md").read_text(encoding="utf-8")))
    for block in blocks:
        document.add_paragraph(block.text, style=styles[block.kind])
    properties = document.core_properties
    properties.title, properties.author, properties.language = blocks[0].text, AUTHOR, language
    properties.created = properties.modified = WRITTEN_AT.replace(tzinfo=None)
    properties.comments = ""
    target = DOCUMENTS / f"{name}.docx"
    document.save(str(target))
    return target


def main() -> None:
    for name, language in PDFS.items():
        write_pdf(name, language)
    for name, language in WORDS.items():
        write_docx(name, language)


if __name__ == "__main__":
    main()
