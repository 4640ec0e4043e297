"""Packages that read documents, as an organization would have installed them."""

import json
import runpy
from pathlib import Path

from altiplano.accounts.models import User
from altiplano.catalog.domain.installing import GrantWish, install_package
from altiplano.catalog.domain.reviewing import publish_release
from altiplano.catalog.domain.uploading import receive_release
from altiplano.catalog.package_models import PackageRelease, PackageState
from altiplano.kernel.jobs import cancel_jobs
from tests.cast import Member
from tests.factories.archives import Author, write_archive
from tests.fakes.index_sources import EXACT

EXAMPLES = Path(__file__).parents[2] / "plugins" / "examples"

LEGAL_FILE = EXAMPLES / "french-legal-citations" / "french_legal_citations" / "__init__.py"
LEGAL_PARSER = LEGAL_FILE.read_text("utf-8")
LEGAL_SCHEMA = runpy.run_path(str(LEGAL_FILE))["LegalTextConfig"].model_json_schema()

LINE_SPLITTER = '''"""One span for so many lines."""

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class Plugin:
    """Cuts at line ends."""

    class Config(BaseModel):
        model_config = ConfigDict(extra="forbid")

        lines: int = Field(default=1, ge=1, le=100)

    def __init__(self, config: Config) -> None:
        self._lines = config.lines

    async def split(self, document: sdk.ParsedDocument, ctx: sdk.Context) -> tuple[sdk.Span, ...]:
        spans, start, seen = [], 0, 0
        for at, letter in enumerate(document.text):
            seen += letter == "\\n"
            if seen == self._lines:
                spans.append(sdk.Span(start, at + 1))
                start, seen = at + 1, 0
        if document.text[start:].strip():
            spans.append(sdk.Span(start, len(document.text)))
        return tuple(spans)
'''
LINE_SCHEMA = {
    "type": "object",
    "title": "Config",
    "additionalProperties": False,
    "properties": {
        "lines": {
            "type": "integer",
            "title": "Lines",
            "default": 1,
            "minimum": 1,
            "maximum": 100,
        }
    },
}

LETTER_EMBEDDER = '''"""Texts with the same letters are near each other."""

import math
import struct

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class Plugin:
    """Counts letters. A text with the word “venom” is refused."""

    class Config(BaseModel):
        model_config = ConfigDict(extra="forbid")

        weight: float = Field(default=1.0, gt=0)

    dimension = 26

    def __init__(self, config: Config) -> None:
        self._weight = config.weight
        self.model_id = f"letters-{config.weight:g}"

    async def embed_passages(self, texts, ctx: sdk.Context) -> sdk.VectorBatch:
        if any("venom" in text for text in texts):
            raise sdk.PermanentError("The model cannot read this text.", code="not_embeddable")
        return sdk.VectorBatch(26, len(texts), b"".join(self._vector(text) for text in texts))

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        return sdk.VectorBatch(26, 1, self._vector(text))

    def _vector(self, text: str) -> bytes:
        counts = [1e-3] * 26
        for letter in text.lower():
            if "a" <= letter <= "z":
                counts[ord(letter) - 97] += self._weight
        length = math.sqrt(sum(count * count for count in counts))
        return struct.pack("<26f", *(count / length for count in counts))
'''
LETTER_SCHEMA = {
    "type": "object",
    "title": "Config",
    "additionalProperties": False,
    "properties": {
        "weight": {"type": "number", "title": "Weight", "default": 1.0, "exclusiveMinimum": 0}
    },
}

KINDS = {
    "french-legal-citations": ("parser", "LegalTextParser", LEGAL_PARSER, LEGAL_SCHEMA),
    "line-splitter": ("splitter", "Plugin", LINE_SPLITTER, LINE_SCHEMA),
    "exact-index": ("index", "Plugin", EXACT, {"type": "object", "title": "NoConfig"}),
    "letter-embedder": ("embedder", "Plugin", LETTER_EMBEDDER, LETTER_SCHEMA),
}


def install_reading_package(
    member: Member,
    folder: Path,
    slug: str,
    *,
    version: str = "1.0.0",
    code: str | None = None,
    **manifest: object,
) -> PackageRelease:
    """The release is published, and installed by the member's organization."""
    kind, name, source, schema = KINDS[slug]
    author = Author()
    author.known_to(member.principal, name=f"{slug} {version}")
    path = write_archive(
        folder,
        slug,
        version,
        author=author,
        code=code or source,
        extra={f"schemas/{kind}.json": json.dumps(schema).encode()},
        provides=({"kind": kind, "entry": f"{slug.replace('-', '_')}:{name}"},),
        **manifest,
    )
    release = receive_release(principal=member.principal, file=path)
    cancel_jobs(subject_id=release.id)  # the checks have tests of their own
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW)
    operator, _is_new = User.objects.get_or_create(
        email="reviewer@example.org", defaults={"is_staff": True, "is_superuser": True}
    )
    release = publish_release(actor=operator, release_id=release.id)
    if version == "1.0.0":
        install_package(principal=member.principal, slug=slug, wish=GrantWish())
    return release
