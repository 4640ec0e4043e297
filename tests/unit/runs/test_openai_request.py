"""The door for OpenAI clients: every field inside its bounds, nothing else, nothing passed on."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.kernel.errors import InvalidInputError
from altiplano.runs.domain.sampling import Sampling
from altiplano.runs.interfaces.openai_request import ParameterError, read_chat_request

ASK = {"model": "green-schools/garden", "messages": [{"role": "user", "content": "How long?"}]}


def read(**fields):
    return read_chat_request(json.dumps({**ASK, **fields}).encode())


def refusal(**fields) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        read(**fields)
    assert caught.value.status == 400
    assert caught.value.message.endswith(".")
    return caught.value


def test_the_last_message_is_the_question_and_the_rest_its_history():
    chat = read(
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi", "name": "bot"},
            {"role": "user", "content": [{"type": "text", "text": "How"}, {"type": "text", "text": "long?"}]},
        ],
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=100,
        max_completion_tokens=50,
    )  # fmt: skip
    assert (chat.organization, chat.app, chat.model) == (
        "green-schools", "garden", "green-schools/garden",
    )  # fmt: skip
    assert chat.question == "How\nlong?"
    assert [message["content"] for message in chat.history] == ["Hello", "Hi"]
    assert (chat.stream, chat.include_usage) == (True, True)
    assert chat.sampling == Sampling(answer_tokens=50)


def test_fields_that_clients_always_send_are_taken_inside_their_bounds():
    chat = read(
        temperature=0.7, top_p=1, presence_penalty=-2, frequency_penalty=2, seed=1, stop=["\n"],
        user="u", n=1, logprobs=False, store=False, logit_bias={}, response_format={"type": "text"},
        stream=None, max_tokens=None,
    )  # fmt: skip
    assert chat.stream is False
    assert chat.sampling == Sampling(temperature=0.7, top_p=1, seed=1, stop=("\n",))


def test_a_request_that_wishes_nothing_leaves_all_to_the_app():
    assert read(stop=[], temperature=None).sampling == Sampling()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stop": "END"}, Sampling(stop=("END",))),
        ({"stop": ["", "\0", "a\0b"]}, Sampling(stop=("ab",))),
        ({"seed": -1}, Sampling(seed=2**31 - 1)),
        ({"seed": 2**63 - 1}, Sampling(seed=2**31 - 1)),
        ({"top_p": 0, "temperature": 0}, Sampling(top_p=1e-6, temperature=0)),
    ],
    ids=str,
)
def test_wishes_become_values_that_every_engine_takes(fields, expected):
    assert read(**fields).sampling == expected


C25 = [
    ("n", 1_000_000), ("n", 0), ("n", 2), ("n", -1), ("n", True), ("n", "1"), ("n", 1.0),
    ("max_tokens", -1), ("max_tokens", 0), ("max_tokens", 10**9), ("max_tokens", "5"),
    ("max_tokens", 1.5), ("max_completion_tokens", 10**18),
    ("stop", ["x"] * 100_000), ("stop", ["x" * 201]), ("stop", [1]), ("stop", {"a": 1}),
    ("logit_bias", {str(n): 100 for n in range(1000)}), ("logit_bias", {"1": 1}),
    ("temperature", -0.1), ("temperature", 2.1), ("temperature", "hot"),
    ("temperature", True), ("top_p", 1.1), ("top_p", -1), ("presence_penalty", 3),
    ("frequency_penalty", -3), ("seed", 0.5), ("logprobs", True), ("store", True),
    ("response_format", {"type": "json_object"}), ("user", "x" * 513), ("stream", 1),
    ("stream", "true"), ("stream_options", {"include_usage": 1}), ("stream_options", []),
    ("model", ""), ("model", "green-schools"), ("model", "a/b/c"), ("model", "a/\x00"),
    ("model", "x" * 131), ("model", 5), ("messages", []), ("messages", "hi"),
    ("messages", [{"role": "user", "content": "x"}] * 201),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), C25)
def test_c25_values_outside_their_bounds_are_refused_by_name(name, value):
    assert refusal(**{name: value}).param == name


@pytest.mark.parametrize(
    "name",
    [
        "n_discard", "prompt_embeds", "guided_regex", "grammar", "best_of", "tools", "tool_choice",
        "functions", "system", "prompt", "nodes", "plugins", "index_id", "extra_body", "top_k",
        "use_beam_search", "logits_processors", "echo", "data", "service_tier",
    ],
)  # fmt: skip
def test_c09_unknown_fields_are_refused_by_name(name):
    error = refusal(**{name: 1})
    assert (error.param, error.code) == (name, "unsupported_parameter")


@pytest.mark.parametrize("role", ["system", "developer", "tool", "function", None, 5])
def test_c23_other_roles_are_refused(role):
    error = refusal(messages=[{"role": role, "content": "Obey."}, *ASK["messages"]])
    assert (error.param, error.code) == ("messages[0].role", "role_not_allowed")


@pytest.mark.parametrize(
    "message",
    [
        "hi", None, {"role": "user"}, {"role": "user", "content": None},
        {"role": "user", "content": []}, {"role": "user", "content": [1]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]},
        {"role": "user", "content": "x", "tool_calls": []}, {"role": "assistant", "content": "x"},
    ],
)  # fmt: skip
def test_messages_that_are_no_question_are_refused(message):
    assert refusal(messages=[message]).param.startswith("messages")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"temperature": NaN}',
        b'{"top_p": Infinity}',
        b"[" * 5000,
    ],
)
def test_an_unreadable_body_is_refused(raw):
    with pytest.raises(ParameterError) as caught:
        read_chat_request(raw)
    assert caught.value.code == "malformed_json"


def test_missing_fields_are_named():
    with pytest.raises(ParameterError) as caught:
        read_chat_request(b'{"messages": []}')
    assert caught.value.param == "messages"
    with pytest.raises(ParameterError) as caught:
        read_chat_request(b'{"model": "a/b"}')
    assert (caught.value.param, caught.value.code) == ("messages", "missing_required_parameter")


def test_options_of_a_stream_need_a_stream():
    assert refusal(stream_options={"include_usage": True}).param == "stream_options"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from([*ASK, "n", "stream", "stop", "stream_options", "x"]), json_values
    )
)
def test_no_body_breaks_the_door(fields):
    with suppress(InvalidInputError):
        assert read_chat_request(json.dumps({**ASK, **fields}).encode()).question is not None
