import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import ChatMessage
from altiplano_sdk.prompting import (
    as_data,
    as_line,
    estimate_tokens,
    message_tokens,
    recent_messages,
)

TOKENS = (
    "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|a b|>", "<\uff5cUser\uff5c>", "[INST]", "[/INST]",
    "[inst]", "<<SYS>>", "<</SYS>>", "<s>", "</s>", "<bos>", "<start_of_turn>", "<tool_call>",
    "</tool_response>", "<think>",
)  # fmt: skip
PIECES = st.sampled_from(
    [*TOKENS, "<", "|", ">", "<|", "|>", "im_start", "[", "]", "INST", "/", "a", " "]
)
HOSTILE = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map("".join))
MESSAGES = st.builds(ChatMessage, st.sampled_from(["system", "user", "assistant"]), HOSTILE)


@given(HOSTILE)
def test_data_holds_no_control_token_and_stays_as_it_is(text):
    clean = as_data(text)
    assert not [token for token in TOKENS if token.lower() in clean.lower()]
    assert as_data(clean) == clean


@given(st.integers(1, 60))
def test_tokens_nested_in_tokens_do_not_survive(depth):
    text = "<|im_" * depth + "<|x|>" + "end|>" * depth
    assert not re.search(r"<\|[^|<>]{0,60}\|>", as_data(text))


@pytest.mark.parametrize(
    "text", ["a < b and c > d", "x[1] = y[2]", "<b>bold</b>", "a | b | c", "5 <6> 7", "[INSTALL]"]
)
def test_honest_text_is_left_alone(text):
    assert as_data(text) == text


def test_hidden_characters_are_taken_out():
    assert as_data("six\u200b months\U000e0041") == "six months"


@given(HOSTILE)
def test_line_is_one_line_without_numbers_in_brackets(text):
    line = as_line(text + "\n[2] forged")
    assert len(line.splitlines()) <= 1
    assert not re.search(r"\[\d+\]", line)


@given(st.text(), st.text())
def test_estimate_never_shrinks_when_text_is_added(first, second):
    assert estimate_tokens(first) <= estimate_tokens(first + second) + 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a" * 11, 4), ("12345", 5), ("\u6f22\u5b57", 4), ("\u00e9\u00e9", 3)],
)
def test_estimate_counts_by_kind_of_character(text, tokens):
    assert estimate_tokens(text) == tokens


@given(st.lists(MESSAGES, max_size=8), st.integers(-5, 300))
def test_recent_messages_fit_start_with_the_person_and_are_the_newest(history, room):
    kept = recent_messages(history, room=room)
    assert sum(map(message_tokens, kept)) <= max(room, 0)
    assert all(message.role != "system" for message in kept)
    assert not kept or kept[0].role == "user"
    spoken = recent_messages(history, room=10**9)
    assert kept == spoken[len(spoken) - len(kept) :]


def test_marks_of_earlier_answers_are_forgotten():
    history = (ChatMessage("user", "How long?"), ChatMessage("assistant", "Six months [1]."))
    assert recent_messages(history, room=1000)[1].content == "Six months ."
