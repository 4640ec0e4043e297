"""The words of the prompt. Short on purpose: a small model loses the thread of a long one."""

from collections.abc import Sequence
from typing import Final

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


def language_name(language: str | None) -> str:
    """The English name of an ISO 639-1 code, or words that name the question's language."""
    return LANGUAGES.get((language or "").lower()[:2], "the language of the question")


def instruct(further: str, *, style: str, language: str | None) -> str:
    """The system message: what the owner says, then the rules."""
    length = "in one or two short sentences" if style == "short" else "completely and clearly"
    rules = (
        f"Answer the question {length}, in {language_name(language)}, "
        "using only the numbered passages. "
        "Put the number of the passage you used behind the sentence, like [1]. "
        f"If no passage holds the answer, say: {abstention_sentence(language)}"
    )
    return f"{further}\n\n{rules}" if further else rules


def question_message(lines: Sequence[str], *, question: str) -> ChatMessage:
    """Passages and question; the last line is the question, which small models answer best."""
    numbered = [f"[{number}] {line}" for number, line in enumerate(lines, start=1)]
    return ChatMessage("user", "\n\n".join([*numbered, f"Question: {question}"]))
