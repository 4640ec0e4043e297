"""How good a set of answers is, judged by the gold answers of a question set.

SQuAD and its kin say which words answer a question (Rajpurkar et al., "SQuAD: 100,000+ Questions
for Machine Comprehension of Text", 2016). The idea of judging citations by precision and recall
is that of ALCE (Gao et al., "Enabling Large Language Models to Generate Text with Citations",
2023); where ALCE asks a language model whether a citation supports its sentence, this asks the
gold answers, which needs no judge that may err.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_ARTICLES: Final[Mapping[str, str]] = {
    "en": r"\b(?:a|an|the)\b",
    "fr": r"\b(?:le|la|les|un|une|des|du|au|aux)\b",
}
_ELIDED: Final[Mapping[str, str]] = {"fr": r"\bl['\u2019]"}
_NOTHING: Final = r"(?!)"
_MARK: Final = re.compile(r"\[\s*\d+(?:\s*[,;]\s*\d+)*\s*\]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one question. ``quotes`` are the words that its citations point at.

    ``gold`` is what the set says would be right; empty when nothing in the collection would be.
    """

    answer: str
    abstained: bool
    quotes: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    language: str = "en"


def score_answers(answerable: Sequence[Reply], unanswerable: Sequence[Reply]) -> dict[str, float]:
    """The figures of a set, each a share between 0 and 1, and how much they rest on.

    ``answer_contained``: of the answerable questions, those whose answer holds a gold answer. One
    that was refused does not.
    ``citation_precision``: of the citations under answerable questions, those whose quote holds
    a gold answer. The quote is what a reader is shown as the proof. That it lies in the gold
    passage would be too little, because most sentences of that passage prove something else; and
    to ask for the gold passage beside the gold words would be too much, because only one passage
    is labelled where several may say it. A citation that truly supports a wrong answer counts as
    wrong: labels of answers cannot tell it apart.
    ``citation_recall``: of the answerable questions that were not refused, those with at least one
    citation that is right in this sense.
    ``abstain_on_answerable``, ``abstain_on_unanswerable``: the shares refused.

    A share of nothing is 0; ``answerable``, ``unanswerable`` and ``citations`` are the counts.
    """
    answered = [reply for reply in answerable if not reply.abstained]
    right = [[holds_answer(quote, reply) for quote in reply.quotes] for reply in answered]
    citations = [verdict for verdicts in right for verdict in verdicts]
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "citations": len(citations),
        "answer_contained": _share(
            [not reply.abstained and holds_answer(reply.answer, reply) for reply in answerable]
        ),
        "citation_precision": _share(citations),
        "citation_recall": _share([any(verdicts) for verdicts in right]),
        "abstain_on_answerable": _share([reply.abstained for reply in answerable]),
        "abstain_on_unanswerable": _share([reply.abstained for reply in unanswerable]),
    }


def holds_answer(text: str, reply: Reply) -> bool:
    """Whether ``text`` holds one of the gold answers as whole words, both normalised."""
    words = f" {normalise(text, reply.language)} "
    golds = (normalise(gold, reply.language) for gold in reply.gold)
    return any(gold and f" {gold} " in words for gold in golds)


def normalise(text: str, language: str) -> str:
    """As SQuAD's own script: lower case, no punctuation, no articles, single blanks.

    As in MLQA (Lewis et al., 2020), every script's punctuation counts and each language loses its
    own articles. Citation marks such as ``[1]`` go first: their numbers are no part of the answer.
    """
    text = unicodedata.normalize("NFC", _MARK.sub(" ", text)).lower()
    text = re.sub(_ELIDED.get(language, _NOTHING), " ", text)
    text = "".join(character for character in text if not _is_punctuation(character))
    return " ".join(re.sub(_ARTICLES.get(language, _NOTHING), " ", text).split())


def _is_punctuation(character: str) -> bool:
    """As ``string.punctuation``, which counts ASCII's symbols as well, and beyond ASCII."""
    category = unicodedata.category(character)
    return category[0] == "P" or (category[0] == "S" and character.isascii())


def _share(verdicts: Sequence[bool]) -> float:
    return round(sum(verdicts) / len(verdicts), 4) if verdicts else 0.0
