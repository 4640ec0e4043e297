"""Public test sets as one shape: texts, questions, and which text answers which question.

They are not part of the project: ``DATA_DIR`` says where they are.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_DIRECTORY = Path(__file__).resolve().parents[3] / "shared" / "data"

RETRIEVAL_SETS = (
    "cranfield",
    "cisi",
    "scifact",
    "climate_fever",
    "fr_service_public",
    "fr_cnil",
    "xquad",
    "piaf_fr",
    "squad2_dev",
    "hotpotqa_sample",
    "musique_sample",
)


@dataclass(frozen=True, slots=True)
class Text:
    """``group`` is the article that the text was cut from; a whole document is its own."""

    id: str
    text: str
    language: str
    group: str

    @property
    def article(self) -> str:
        """The article's name in its set; translations of an article share it."""
        return self.group.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Question:
    """``answers`` is empty for sets that judge documents, and for unanswerable questions."""

    id: str
    text: str
    language: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSet:
    """``judgements[question][text]`` above 0 says that the text answers the question.

    ``unanswerable`` are questions written to look as if a text of the set answered them.
    """

    name: str
    texts: tuple[Text, ...]
    questions: tuple[Question, ...]
    judgements: Mapping[str, Mapping[str, int]]
    unanswerable: tuple[Question, ...] = ()


def data_directory() -> Path:
    return Path(os.environ.get("DATA_DIR", DEFAULT_DIRECTORY))


def load_set(name: str, directory: Path | None = None) -> DataSet:
    """The set with its judged questions only. Raises FileNotFoundError when it is not there."""
    folder = (directory or data_directory()) / name
    if (folder / "corpus.jsonl").exists():
        return _judged_documents(name, folder)
    return _questions_over_passages(name, folder)


def _judged_documents(name: str, folder: Path) -> DataSet:
    language = "fr" if name.startswith("fr_") else "en"
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as file:
        judgements: dict[str, dict[str, int]] = {}
        for row in csv.DictReader(file, delimiter="\t"):
            judgements.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return DataSet(
        name=name,
        texts=tuple(
            Text(
                row["_id"],
                f"{row.get('title', '')} {row['text']}".strip().replace("\0", " "),
                language,
                row["_id"],
            )
            for row in _lines(folder / "corpus.jsonl")
        ),
        questions=tuple(
            Question(row["_id"], row["text"], language)
            for row in _lines(folder / "queries.jsonl")
            if any(score > 0 for score in judgements.get(row["_id"], {}).values())
        ),
        judgements=judgements,
    )


def _questions_over_passages(name: str, folder: Path) -> DataSet:
    fallback = "fr" if name.endswith("_fr") else "en"
    rows = list(_lines(folder / "questions.jsonl"))
    answerable = [row for row in rows if not row.get("is_impossible")]
    return DataSet(
        name=name,
        texts=tuple(_as_text(row, fallback) for row in _lines(folder / "passages.jsonl")),
        questions=tuple(_as_question(row, fallback) for row in answerable),
        judgements={row["id"]: dict.fromkeys(_passages(row), 1) for row in answerable},
        unanswerable=tuple(_as_question(row, fallback) for row in rows if row.get("is_impossible")),
    )


def _as_text(row: Mapping[str, Any], fallback: str) -> Text:
    """Ids read set-article-passage, with the language before the article in xquad.

    Where they read set-passage the text is a whole article, and its title a part of it. Elsewhere
    the title is left out: it is the article's, and questions are about the passage.
    """
    article = row["id"].rpartition("-")[0]
    is_whole = "-" not in article
    text = f"{row.get('title', '')} {row['text']}".strip() if is_whole else row["text"]
    return Text(
        row["id"],
        text.replace("\0", " "),
        row.get("lang", fallback),
        row["id"] if is_whole else article,
    )


def _passages(row: Mapping[str, Any]) -> list[str]:
    """The passages that answer a question, all of which one needs that has several."""
    return list(row["passage_ids"]) if "passage_ids" in row else [row["passage_id"]]


def _as_question(row: Mapping[str, Any], fallback: str) -> Question:
    answers = tuple(row["answers"])
    return Question(row["id"], row["question"], row.get("lang", fallback), answers)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
