"""The small reference set of the SDK: twenty questions, half in English and half in French.

Each has a passage that answers it, one that shares its words and does not, what a right answer
says, a good answer and a bad one. Small enough to run in a second; enough to see whether a plugin
helps, hinders or does nothing. It says nothing about how an app does on its own documents.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from altiplano_sdk.contracts.retrieval import Passage, Query


@dataclass(frozen=True, slots=True)
class ReferenceExample:
    """``expected`` are phrases of which a right answer holds at least one."""

    language: str
    question: str
    passage: Passage
    expected: tuple[str, ...]
    good: str
    bad: str

    @property
    def query(self) -> Query:
        return Query(self.question, language=self.language)


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """``passages`` are all of all examples; ``orders`` are questions that try to command."""

    examples: tuple[ReferenceExample, ...]
    passages: tuple[Passage, ...]
    orders: tuple[Query, ...]


@cache
def reference_set() -> ReferenceSet:
    """The set as it is shipped."""
    source = files("altiplano_sdk.testing").joinpath("reference.json")
    data = json.loads(source.read_text(encoding="utf-8"))
    examples, passages = [], []
    for number, item in enumerate(data["examples"], start=1):
        answering = make_passage(number, item["passage"], language=item["language"])
        near = make_passage(number + 1000, item["near"], language=item["language"])
        passages += [answering, near]
        examples.append(
            ReferenceExample(
                language=item["language"],
                question=item["question"],
                passage=answering,
                expected=tuple(item["expected"]),
                good=item["good"],
                bad=item["bad"],
            )
        )
    orders = tuple(Query(one["text"], language=one["language"]) for one in data["orders"])
    return ReferenceSet(tuple(examples), tuple(passages), orders)


def make_passage(chunk_id: int, text: str, *, document: str = "", language: str = "en") -> Passage:
    """A passage as an index returns it, before it has a score."""
    name = document or f"document{chunk_id}"
    return Passage(
        chunk_id=chunk_id,
        document_id=name,
        document_name=name,
        page=1,
        start=0,
        end=len(text),
        text=text,
        language=language,
        score=0.0,
    )


def ranked(passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """The passages with falling scores in their order, as a retriever hands them on."""
    count = len(passages)
    return tuple(
        replace(p, score=(count - at) / count, dense_score=0.9 - at / 100, lexical_score=9.0 - at)
        for at, p in enumerate(passages)
    )
