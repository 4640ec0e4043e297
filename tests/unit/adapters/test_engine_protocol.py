import json
import math

import pytest

from altiplano_sdk import (
    ChatMessage,
    EngineError,
    GenerationRequest,
    PermanentError,
    ToolCall,
    ToolSpec,
)
from altiplano_worker.adapters.engine_protocol import (
    ContextOverflowError,
    EndpointConfig,
    EngineOverloadedError,
    describe_problem,
    encode_request,
    status_error,
)

HELLO = (ChatMessage("user", "Hello"),)


def endpoint(**changes) -> EndpointConfig:
    return EndpointConfig(**{"base_url": "http://127.0.0.1:1/v1", "model": "m", **changes})


def sent(request: GenerationRequest, *, salt: str | None = None, **changes) -> dict:
    return json.loads(encode_request(endpoint(**changes), request, salt=salt))


def test_request_holds_only_the_fields_that_are_allowed():
    request = GenerationRequest(
        HELLO, max_tokens=5, temperature=0.5, stop=("END",), seed=7, top_p=0.9
    )
    assert sent(request, salt="s", provider="vllm") == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 5,
        "temperature": 0.5,
        "stop": ["END"],
        "seed": 7,
        "top_p": 0.9,
        "cache_salt": "s",
    }


def test_tools_and_their_turns_are_sent_as_the_protocol_has_them():
    call = ToolCall("c1", "double", '{"n": 3}')
    turns = (*HELLO, ChatMessage("assistant", "", (call,)), ChatMessage("tool", "6", (), "c1"))
    tool = ToolSpec("double", "Doubles.", {"type": "object"})
    body = sent(GenerationRequest(turns, 5, tools=(tool,)))
    assert body["tools"] == [{"type": "function", "function": {
        "name": "double", "description": "Doubles.", "parameters": {"type": "object"},
    }}]  # fmt: skip
    assert body["messages"][1:] == [
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "double", "arguments": '{"n": 3}'}},
        ]},
        {"role": "tool", "content": "6", "tool_call_id": "c1"},
    ]  # fmt: skip


@pytest.mark.parametrize("provider", ["openai", "llama.cpp"])
def test_salt_goes_to_vllm_only(provider):
    assert "cache_salt" not in sent(GenerationRequest(HELLO, 5), salt="s", provider=provider)


def test_request_leaves_out_what_was_not_asked_for():
    assert (
        not {"stop", "seed", "top_p", "cache_salt", "tools"}
        & sent(GenerationRequest(HELLO, 5)).keys()
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"max_tokens": 0}, {"max_tokens": -1}, {"max_tokens": 10**9},
        {"temperature": math.nan}, {"temperature": math.inf}, {"temperature": -0.1},
        {"temperature": 2.1}, {"stop": ("a",) * 5}, {"stop": ("",)}, {"stop": ("x" * 201,)},
        {"seed": -1}, {"seed": 2**31}, {"top_p": 0}, {"top_p": 1.1}, {"top_p": math.nan}, {"messages": ()}, {"messages": HELLO * 201},
        {"messages": (ChatMessage("tool", "x"),)}, {"messages": (ChatMessage("developer", "x"),)},
    ],
    ids=str,
)  # fmt: skip
def test_request_outside_the_bounds_never_reaches_an_engine(changes):
    values = {"messages": HELLO, "max_tokens": 5, **changes}
    with pytest.raises(PermanentError) as caught:
        encode_request(endpoint(), GenerationRequest(**values), salt=None)
    assert caught.value.code == "bad_generation_request"


def test_request_survives_text_that_no_json_can_hold():
    message = ChatMessage("user", "a\ud800b\x00c")
    assert sent(GenerationRequest((message,), 5))["messages"][0]["content"] == "a?bc"


@pytest.mark.parametrize(
    "base_url", ["ftp://host/v1", "file:///etc", "http:///v1", "http://user:pw@host/v1", "host/v1"]
)
def test_endpoint_refuses_an_address_that_is_none(base_url):
    with pytest.raises(ValueError, match="address"):
        endpoint(base_url=base_url)


def test_endpoint_refuses_a_key_that_would_forge_a_header():
    with pytest.raises(ValueError, match="one line"):
        endpoint(api_key="k\r\nX-Other: 1")


def test_endpoint_does_not_show_its_key_or_address():
    shown = repr(endpoint(api_key="sk-secret"))
    assert "sk-secret" not in shown
    assert "127.0.0.1" not in shown


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {}, EngineOverloadedError),
        (503, {"error": {"message": "Loading model"}}, EngineOverloadedError),
        (400, {"error": {"message": "maximum context length is 4096"}}, ContextOverflowError),
        (400, {"error": {"code": "context_length_exceeded"}}, ContextOverflowError),
        (400, {"error": {"type": "exceed_context_size_error"}}, ContextOverflowError),
        (400, {"object": "error", "message": "longer than the maximum model length of 4"},
         ContextOverflowError),
        (400, {"error": {"message": "bad temperature"}}, EngineError),
        (401, {}, EngineError), (404, {}, EngineError), (500, {}, EngineError), (307, {}, EngineError),
    ],
)  # fmt: skip
def test_status_decides_the_kind_of_error(status, body, kind):
    error = status_error(status, json.dumps(body).encode())
    assert type(error) is kind
    assert error.message.endswith(".")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 7}', b"\xff"])
def test_status_error_needs_no_readable_body(body):
    assert status_error(500, body).code == "engine_failed"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"error": {"type": "server_error", "message": "/srv/secret"}}', "server_error"),
        (b'{"error": {"type": "two words\\nforged line"}}', "unnamed"),
        (b'{"error": {"code": 500}}', "500"),
        (b"<html>", "unreadable"),
    ],
)
def test_log_word_for_a_problem_is_one_safe_word(body, word):
    assert describe_problem(body) == word
