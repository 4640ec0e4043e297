"""A lexical index in one JSON file: small, slow, and easy to read."""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk

_WORD = re.compile(r"\w+")
_FILE = "texts.json"


class MyPlugin:
    """Writes texts with their ids, and finds those that share words with a question."""

    signal: Literal["dense", "lexical"] = "lexical"

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        shortest_word: int = Field(default=1, ge=1, le=20, description="Shorter words don't count.")

    def __init__(self, config: Config) -> None:
        self.config = config

    def extend(self, previous: Path | None, target: Path, batch: sdk.IndexBatch) -> None:
        held = {} if previous is None else read(previous)
        if min(batch.ids, default=1) < 1 or not held.keys().isdisjoint(batch.ids):
            raise sdk.PermanentError("Ids are positive, and each is added once.")
        write(target, {**held, **dict(zip(batch.ids, batch.texts, strict=True))})

    def compact(self, previous: Path, target: Path, removed: frozenset[int]) -> None:
        write(target, {id_: text for id_, text in read(previous).items() if id_ not in removed})

    def open(self, directory: Path) -> sdk.OpenIndex:
        return OpenTexts(read(directory), self.config.shortest_word)


class OpenTexts:
    """Words counted once, when the index is opened."""

    def __init__(self, texts: dict[int, str], shortest_word: int) -> None:
        self._shortest = shortest_word
        self._words = {id_: self._count(text) for id_, text in texts.items()}

    def _count(self, text: str) -> Counter[str]:
        words = _WORD.findall(text.casefold())
        return Counter(word for word in words if len(word) >= self._shortest)

    @property
    def count(self) -> int:
        return len(self._words)

    def search(self, query: sdk.IndexQuery) -> tuple[sdk.IndexHit, ...]:
        """Your part: score what is held, best first; here, by words shared with the question."""
        wanted = self._count(query.text)
        hits = []
        for id_, words in self._words.items():
            shared = (wanted & words).total()
            if shared and id_ not in query.excluded:
                hits.append(sdk.IndexHit(id_, shared / (1 + words.total()) ** 0.5))
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[: query.k])

    def close(self) -> None:
        self._words = {}


def read(directory: Path) -> dict[int, str]:
    """What :func:`write` wrote. Raises PermanentError when the file is damaged."""
    try:
        held = json.loads((directory / _FILE).read_text(encoding="utf-8"))
        return {int(id_): str(text) for id_, text in held.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise sdk.PermanentError("The index is damaged.") from error


def write(directory: Path, texts: dict[int, str]) -> None:
    """The texts lie in ``directory``, and on the disk, when this returns."""
    with (directory / _FILE).open("w", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        os.fsync(file.fileno())
