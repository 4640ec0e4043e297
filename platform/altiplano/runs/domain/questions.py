"""What people send, made safe to store, to show and to put before a model."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError

MAX_HISTORY_MESSAGES: Final = 40
MAX_HISTORY_CHARS: Final = 32_000
ROLES: Final = frozenset({"user", "assistant"})
KEPT_CONTROLS: Final = frozenset("\n\t")
BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their category, of which nothing is seen."""


class UnaskableError(InvalidInputError):
    """The question or the conversation before it is empty, too long, or not one."""

    status = 422


def clean_question(raw: str) -> str:
    """The question without control characters, its line ends unified, without outer space.

    Raises UnaskableError when nothing that can be seen, or too much, is left.
    """
    question = _without_controls(raw).strip()
    if not _is_visible(question):
        raise UnaskableError(
            _("Ask a question: the text is empty."),
            code="question_empty",
            fields={"input": _("must not be empty")},
        )
    limit = settings.MAX_QUESTION_CHARS
    if len(question) > limit:
        raise UnaskableError(
            _("The question is too long: %(length)s characters, at most %(limit)s are read."),
            params={"length": len(question), "limit": limit},
            code="question_too_long",
            fields={"input": _("at most %(limit)s characters")},
        )
    return question


def clean_history(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Earlier messages of the conversation, oldest first, as ``{"role", "content"}``.

    Only a user and an assistant take part in a conversation; empty messages are left out. Raises
    InvalidInputError.
    """
    history: list[dict[str, str]] = []
    total = 0
    for number, message in enumerate(messages):
        role = str(message.get("role"))
        if role not in ROLES:
            raise UnaskableError(
                _("A conversation has messages of the roles “user” and “assistant” only."),
                code="role_not_allowed_here",
                fields={f"history.{number}.role": _("user or assistant")},
            )
        content = _without_controls(str(message.get("content", ""))).strip()
        if _is_visible(content):
            history.append({"role": role, "content": content})
            total += len(content)
    if len(history) > MAX_HISTORY_MESSAGES or total > MAX_HISTORY_CHARS:
        raise UnaskableError(
            _(
                "The conversation is too long: at most %(messages)s earlier messages with "
                "%(characters)s characters together are read."
            ),
            params={"messages": MAX_HISTORY_MESSAGES, "characters": MAX_HISTORY_CHARS},
            code="history_too_long",
            fields={"history": _("too long")},
        )
    return history


def _without_controls(raw: str) -> str:
    """``raw`` composed (NFC), without controls, halves of characters and text-direction tricks."""
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    kept = "".join(
        character
        for character in text
        if character in KEPT_CONTROLS
        or (unicodedata.category(character) not in {"Cc", "Cs", "Cn"} and not _is_hidden(character))
    )
    return unicodedata.normalize("NFC", kept)


def _is_visible(text: str) -> bool:
    """Whether a reader sees anything: not of spaces, joiners and accents without a letter alone."""
    return any(
        character not in BLANK_LETTERS
        and (
            unicodedata.category(character)[0] in "LNPS" or unicodedata.category(character) == "Co"
        )
        for character in text
    )


def _is_hidden(character: str) -> bool:
    """Direction overrides and Unicode tags: instructions hide in them, people never type them."""
    return (
        "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
        or "\U000e0000" <= character <= "\U000e007f"
    )
