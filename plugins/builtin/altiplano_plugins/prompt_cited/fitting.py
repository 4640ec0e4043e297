"""What goes when a prompt does not fit: the rule, as a pure function."""

from collections.abc import Sequence
from dataclasses import dataclass

from altiplano_plugins.splitter_sentence.sentences import find_sentences
from altiplano_sdk import ChatMessage, PermanentError
from altiplano_sdk.prompting import estimate_tokens, message_tokens, recent_messages

TOKENS_PER_LINE = 4
"""What a passage's number and the empty line behind it cost."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fits: the first passages, the newest messages, and in sentences what is missing."""

    lines: tuple[str, ...]
    history: tuple[ChatMessage, ...]
    trimmed: tuple[str, ...]


def fit_prompt(*, lines: Sequence[str], history: Sequence[ChatMessage], room: int) -> Fitted:
    """As much as ``room`` tokens hold: the lowest-ranked passages go first, down to one; then
    the oldest messages; then the end of the passage that is left, at a sentence's end.

    Raises PermanentError (``question_too_long``) when the question has taken all the room.
    """
    if room < 0:
        raise PermanentError(
            "The question is longer than the model can read. Ask a shorter one.",
            code="question_too_long",
        )
    costs = [estimate_tokens(line) + TOKENS_PER_LINE for line in lines]
    whole_history = recent_messages(history, room=1 << 30)
    history_cost = _cost(whole_history)
    kept = len(lines)
    while kept > 1 and sum(costs[:kept]) + history_cost > room:
        kept -= 1
    notes = []
    if kept < len(lines):
        notes.append(f"{_count(len(lines) - kept, 'passage')} left out to fit the model.")
    recent = recent_messages(history, room=room - sum(costs[:kept]))
    if len(recent) < len(whole_history):
        missing = len(whole_history) - len(recent)
        notes.append(f"{_count(missing, 'earlier message')} left out to fit the model.")
    chosen = tuple(lines[:kept])
    if sum(costs[:kept]) > room:
        chosen = (cut_at_sentence(chosen[0], room=room - TOKENS_PER_LINE),)
        notes.append("The end of a passage was left out to fit the model.")
    return Fitted(chosen, recent, tuple(notes))


def cut_at_sentence(line: str, *, room: int) -> str:
    """The beginning of ``line`` that fits, up to a sentence's end if one fits, else a word's."""
    end = 0
    for sentence in find_sentences(line, page_starts=(), max_characters=len(line) + 1):
        if estimate_tokens(line[: sentence.end]) > room:
            break
        end = sentence.end
    if end == 0:
        for word_end in (i for i, character in enumerate(line) if character == " "):
            if estimate_tokens(line[:word_end]) > room:
                break
            end = word_end
    return line[:end]


def _cost(messages: Sequence[ChatMessage]) -> int:
    return sum(map(message_tokens, messages))


def _count(number: int, noun: str) -> str:
    return f"1 {noun} was" if number == 1 else f"{number} {noun}s were"
