"""The words of the prompt. Short on purpose: a small model loses the thread of a long one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from altiplano_sdk import ChatMessage, abstention_sentence

LANGUAGES: Final = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
_LENGTHS: Final = {
    "short": "in one or two short sentences",
    "full": "completely and clearly",
}


@dataclass(frozen=True, slots=True)
class Example:
    """An answered question. Every sentence holds a number or a name, so that the citation check
    recognises it as an invention should a small model repeat it as its answer.
    """

    passages: tuple[str, str]
    question: str
    answer: str


_EXAMPLES: Final = {
    "en": Example(
        (
            "The Elm Street library opens at nine. It lends books for 21 days.",
            "Anna Berg has 35 roses.",
        ),
        "When does the library open?",
        "The library opens at nine [1].",
    ),
    "fr": Example(
        ("La bibliothèque Zola ouvre à 9 h. Le prêt dure 21 jours.", "Anna Berg a 35 roses."),
        "Quand ouvre la bibliothèque ?",
        "La bibliothèque ouvre à 9 h [1].",
    ),
    "es": Example(
        ("La biblioteca Goya abre a las 9. El préstamo dura 21 días.", "Anna Berg tiene 35 rosas."),
        "¿Cuándo abre la biblioteca?",
        "La biblioteca abre a las 9 [1].",
    ),
    "de": Example(
        (
            "Die Bücherei am Goetheplatz öffnet um 9 Uhr. Sie leiht für 21 Tage.",
            "Anna Berg hat 35 Rosen.",
        ),
        "Wann öffnet die Bücherei?",
        "Die Bücherei öffnet um 9 Uhr [1].",
    ),
}


def language_name(language: str | None) -> str:
    """The English name of an ISO 639-1 code, or words that name the question's language."""
    return LANGUAGES.get((language or "").lower()[:2], "the language of the question")


def instruct(further: str, *, style: Literal["short", "full"], language: str | None) -> str:
    """The system message for a model that reads whole passages: the owner's word, then the rules."""
    rules = (
        f"Answer the question {_LENGTHS[style]}, in {language_name(language)}, "
        "using only the numbered passages. "
        "Put the number of the passage you used behind the sentence, like [1]. "
        f"If no passage holds the answer, say: {abstention_sentence(language)}"
    )
    return f"{further}\n\n{rules}" if further else rules


def instruct_briefly(further: str, *, language: str | None) -> str:
    """The same for a small model, which learns from an example what rules cannot teach it."""
    rules = (
        f"You answer questions from numbered passages, in {language_name(language)}, "
        "in one short sentence. "
        f"If no passage holds the answer, say: {abstention_sentence(language)}"
    )
    return f"{further}\n\n{rules}" if further else rules


def example(language: str | None) -> tuple[ChatMessage, ...]:
    """A question and its answer as they should look, in the language; none if it has none."""
    found = _EXAMPLES.get((language or "en").lower()[:2])
    if found is None:
        return ()
    asked = question_message(found.passages, question=found.question)
    return (asked, ChatMessage("assistant", found.answer))


def question_message(lines: Sequence[str], *, question: str) -> ChatMessage:
    """Passages and question; the last line is the question, which small models answer best."""
    numbered = [f"[{number}] {line}" for number, line in enumerate(lines, start=1)]
    return ChatMessage("user", "\n\n".join([*numbered, f"Question: {question}"]))
