"""A parser for French legal texts, in which the same article is written in five ways.

``art. L121-1``, ``article L.121-1``, ``articles L 121-1`` with the number on the next line: a
search for one of them misses the others, and a splitter ends a sentence behind ``L.``. Everything
but the citations stays as it was.
"""

import re

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import (
    Context,
    PageSpan,
    ParsedDocument,
    SourceFile,
    UnreadableDocumentError,
    clean_text,
    hidden_warnings,
)

_GAP = r"[ \t\u00a0\u202f]*\n?[ \t\u00a0\u202f]*"
"""What may stand inside of a citation: spaces of all kinds and one line end."""

_ARTICLE = re.compile(
    rf"\b(art(?:icle)?s?)\.?{_GAP}([LRDA])\.?{_GAP}\*?{_GAP}(\d{{1,4}}(?:-\d{{1,3}}){{0,4}})\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"\b[nN]{_GAP}[°º]s?{_GAP}(\d{{2,4}}[-.\u2011]\d{{1,6}}(?:\.\d{{3}})?)")


class LegalTextConfig(BaseModel):
    """What is written in one form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    numbers: bool = Field(
        default=True,
        title="Numbers of cases and decrees",
        description="Also write the numbers of cases, laws and decrees in one form: n° 19-25.678.",
    )


class LegalTextParser:
    Config = LegalTextConfig
    media_types = ("text/plain",)

    def __init__(self, config: LegalTextConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        """One page; the first line is the title; the owner reads how many citations changed."""
        clean = clean_text(source.path.read_bytes().decode("utf-8", "replace"))
        if not clean.text:
            raise UnreadableDocumentError("The file holds no text.")
        text, changed = mend_citations(clean.text, numbers=self._config.numbers)
        told = (f"{changed} citations were written in one form.",) if changed else ()
        return ParsedDocument(
            text=text,
            pages=(PageSpan(1, 0, len(text)),),
            title=text.partition("\n")[0][:200],
            language="fr",
            warnings=(*told, *hidden_warnings(clean.hidden)),
        )


def mend_citations(text: str, *, numbers: bool = True) -> tuple[str, int]:
    """The text with its citations in one form, and how many were written differently."""
    changed = 0

    def rewrite(found: re.Match[str], form: str) -> str:
        nonlocal changed
        changed += form != found[0]
        return form

    def article(found: re.Match[str]) -> str:
        word = "articles" if found[1].lower().endswith("s") else "article"
        return rewrite(found, f"{_as_written(found[1], word)} {found[2].upper()}. {found[3]}")

    text = _ARTICLE.sub(article, text)
    if numbers:
        text = _NUMBER.sub(lambda found: rewrite(found, f"n° {found[1]}"), text)
    return text, changed


def _as_written(original: str, word: str) -> str:
    return word.capitalize() if original[:1].isupper() else word
