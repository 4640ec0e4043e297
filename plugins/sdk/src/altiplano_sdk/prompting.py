"""What every prompt needs: text that can only be data, and a careful guess at its length."""

import re
from collections.abc import Sequence
from math import ceil
from typing import Final

from altiplano_sdk.cleaning import clean_text
from altiplano_sdk.contracts.generation import ChatMessage

# The tokens with which chat templates frame roles, turns and tool calls. Engines read them even
# inside a message, so a document that holds one could speak as the system or as the user.
_CONTROL_TOKENS: Final = re.compile(
    r"<[|\uff5c][^|\uff5c<>\n]{0,60}[|\uff5c]>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS)\]"
    r"|<</?SYS>>"
    r"|</?(?:s|bos|eos|pad|unk|mask|start_of_turn|end_of_turn|im_start|im_end|begin_of_text|"
    r"end_of_text|eot_id|tool_call|tool_response|tool_result|tools|function_call|think)>",
    re.IGNORECASE,
)
_BRACKETS: Final = re.compile(r"[<>\[\]]")
_NUMBER_MARK: Final = re.compile(r"\[(\d{1,4})\]")
_ROUNDS: Final = 8

_WIDE: Final = re.compile("[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]")
_DENSE: Final = re.compile("[0-9\x80-\u2e7f\ud800-\uf8ff\ufb00-\ufeff\ufff0-\U0001efff]")
ASCII_PER_TOKEN: Final = 2.75
TOKENS_PER_DENSE: Final = 1.15
TOKENS_PER_MESSAGE: Final = 8
"""What a chat template adds around a message, at most."""


def as_data(text: str) -> str:
    """``text`` without the control tokens of any known chat template and without hidden text.

    What remains reads the same to a person and cannot open or close a role, a turn or a tool
    call. The result does not change when it is passed in again.
    """
    text = clean_text(text).text
    for _ in range(_ROUNDS):
        rest, found = _CONTROL_TOKENS.subn(" ", text)
        if not found:
            return text
        text = clean_text(rest).text
    # Tokens nested inside tokens, deeper than any honest text: take their brackets away.
    return clean_text(_BRACKETS.sub(" ", text)).text


def as_line(text: str) -> str:
    """:func:`as_data` in one line, whose own ``[3]`` is written ``(3)``.

    A prompt that gives each passage one line, headed by ``[n]``, cannot be forged from within a
    passage: nothing in it starts a line, and nothing in it looks like a passage's number.
    """
    return _NUMBER_MARK.sub(r"(\1)", " ".join(as_data(text).split()))


def estimate_tokens(text: str) -> int:
    """About as many tokens as the least efficient of the common tokenizers makes of prose.

    Measured on passages in eight languages with a tokenizer of 49,000 mostly English entries, of
    which this is 0.9 to 1.6 times the count; larger vocabularies need fewer tokens. Random
    characters can cost more: an engine's word on the length counts, not this one.
    """
    if text.isascii():
        digits = sum(map(text.count, "0123456789"))
        return digits + ceil((len(text) - digits) / ASCII_PER_TOKEN)
    wide = len(_WIDE.findall(text))
    dense = len(_DENSE.findall(text))
    plain = len(text) - dense - wide
    return 2 * wide + ceil(dense * TOKENS_PER_DENSE + plain / ASCII_PER_TOKEN)


def message_tokens(message: ChatMessage) -> int:
    return TOKENS_PER_MESSAGE + estimate_tokens(message.content)


def recent_messages(history: Sequence[ChatMessage], *, room: int) -> tuple[ChatMessage, ...]:
    """The newest turns that fit ``room`` tokens, as data, oldest first.

    They begin with what the person said, since models expect that, and hold no system message
    and no ``[n]``, which would point at passages of another question.
    """
    kept: list[ChatMessage] = []
    for message in reversed(history):
        if message.role == "system":
            continue
        safe = ChatMessage(message.role, _NUMBER_MARK.sub("", as_data(message.content)))
        room -= message_tokens(safe)
        if room < 0:
            break
        kept.append(safe)
    while kept and kept[-1].role != "user":
        kept.pop()
    return tuple(reversed(kept))
