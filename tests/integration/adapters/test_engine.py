"""The engine client against a real server on loopback that misbehaves in every way known to us."""

import asyncio
import contextlib
import socket

import pytest

from altiplano_sdk import (
    ChatMessage,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    GenerationDone,
    GenerationRequest,
    TextDelta,
    Usage,
)
from altiplano_worker.adapters.engine import (
    ContextOverflowError,
    EndpointConfig,
    EngineClient,
    EngineOverloadedError,
)
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine

pytestmark = pytest.mark.asyncio

WORDS = "".join(f"word{number} " for number in range(8))


def request_for(text: str = "Hello", *, max_tokens: int = 64) -> GenerationRequest:
    return GenerationRequest((ChatMessage("user", text),), max_tokens=max_tokens)


def endpoint_for(base_url: str, model: str = "fake", **changes) -> EndpointConfig:
    limits = {"first_token_seconds": 10.0, "silence_seconds": 10.0, "total_seconds": 20.0}
    return EndpointConfig(base_url=base_url, model=model, **{**limits, **changes})


async def collect(client, endpoint, request=None, **options) -> tuple[str, GenerationDone]:
    events = [e async for e in client.stream_chat(endpoint, request or request_for(), **options)]
    assert all(type(event) is TextDelta for event in events[:-1])
    return "".join(event.text for event in events[:-1]), events[-1]


async def test_stream_gives_the_text_the_reason_and_the_usage(fake_engine):
    async with EngineClient() as client:
        text, done = await collect(client, endpoint_for(fake_engine.base_url))
    assert text == WORDS
    assert done == GenerationDone("stop", Usage(10, 8))


async def test_engine_receives_allow_listed_fields_and_the_key(fake_engine):
    async with EngineClient() as client:
        endpoint = endpoint_for(fake_engine.base_url, provider="vllm", api_key="sk-test")
        await collect(client, endpoint, salt="tenant")
    state = fake_engine.engine.state
    assert state.requests == [
        {
            "model": "fake",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 64,
            "temperature": 0.0,
            "cache_salt": "tenant",
        }
    ]
    assert state.headers[0]["authorization"] == "Bearer sk-test"
    assert state.headers[0]["accept-encoding"] == "identity"
    assert "cookie" not in state.headers[0]


async def test_usage_and_done_marker_may_be_missing(fake_engine):
    async with EngineClient() as client:
        for model, usage in (("fake-no-usage", None), ("fake-no-done", None)):
            text, done = await collect(client, endpoint_for(fake_engine.base_url, model))
            assert (text, done) == (WORDS, GenerationDone("stop", usage))


@pytest.mark.parametrize(
    ("model", "kind", "sentence"),
    [
        ("fake-cut", EngineError, "stopped in the middle"),
        ("fake-end", EngineError, "stopped in the middle"),
        ("fake-garbage", EngineError, "not a chat stream"),
        ("fake-alien", EngineError, "not a chat stream"),
        ("fake-error-event", EngineError, "failed while it answered"),
        ("fake-html", EngineError, "not a chat stream"),
        ("fake-huge", EngineError, "not a chat stream"),
        ("fake-401", EngineError, "refuses the key"),
        ("fake-404", EngineError, "does not serve this model"),
        ("fake-500", EngineError, "failed while it answered"),
        ("fake-redirect", EngineError, "not followed"),
        ("fake-429", EngineOverloadedError, "busy"),
        ("fake-503", EngineOverloadedError, "busy"),
        ("fake-overflow", ContextOverflowError, "longer than the model can read"),
    ],
)
async def test_fault_becomes_an_error_with_a_sentence(fake_engine, model, kind, sentence):
    async with EngineClient() as client:
        with pytest.raises(EngineError, match=sentence) as caught:
            await collect(client, endpoint_for(fake_engine.base_url, model))
    assert type(caught.value) is kind
    assert "secret" not in caught.value.message
    assert len(fake_engine.engine.state.requests) == 1


@pytest.mark.parametrize(
    ("model", "limits", "sentence"),
    [
        ("fake-late", {"first_token_seconds": 0.2}, "did not begin"),
        ("fake-slow", {"first_token_seconds": 0.2}, "did not begin"),
        ("fake-silent", {"silence_seconds": 0.2}, "fell silent"),
        ("fake-silent", {"total_seconds": 0.2}, "did not finish"),
    ],
)
async def test_waiting_ends_at_its_limit_and_the_engine_is_told(
    fake_engine, model, limits, sentence
):
    async with EngineClient() as client:
        with pytest.raises(EngineTimeoutError, match=sentence) as caught:
            await collect(client, endpoint_for(fake_engine.base_url, model, **limits))
        await until(lambda: fake_engine.engine.state.aborted == 1)
    assert caught.value.code == "engine_timeout"


async def test_nobody_listening_is_unavailable_and_names_no_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        async with EngineClient() as client:
            with pytest.raises(EngineUnavailableError, match="cannot be reached") as caught:
                await collect(client, endpoint_for(base_url))
    assert "127.0.0.1" not in caught.value.message


async def test_connection_that_died_while_it_was_kept_is_replaced():
    served = 0

    async def serve_once(reader, writer):
        """Answers one request as if the connection stayed open, and then closes it."""
        nonlocal served
        head = await reader.readuntil(b"\r\n\r\n")
        if b"content-length" in head.lower():
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        served += 1
        if served == 1:
            writer.close()  # a request was read, nothing of a response was sent
            return
        body = (
            b'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n'
            b"data: [DONE]\n\n"
        )
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, EngineClient() as client:
        text, _ = await collect(client, endpoint_for(f"http://127.0.0.1:{port}/v1"))
    assert text == "ok"
    assert served == 2


async def test_connection_is_reused_after_a_whole_answer(fake_engine):
    async with EngineClient(max_connections=1) as client:
        for _ in range(3):
            await collect(client, endpoint_for(fake_engine.base_url))
        assert client._session is not None
        pooled = list(client._session.connector._conns.values())
    assert [len(connections) for connections in pooled] == [1]


async def test_closing_the_iterator_aborts_the_request(fake_engine):
    async with EngineClient() as client:
        stream = client.stream_chat(
            endpoint_for(fake_engine.base_url, "fake-silent"), request_for()
        )
        async with contextlib.aclosing(stream):
            assert type(await anext(stream)) is TextDelta
        await until(lambda: fake_engine.engine.state.aborted == 1)


@pytest.mark.parametrize("model", ["fake-late", "fake-slow", "fake-silent"])
async def test_cancelling_the_task_aborts_the_request_at_every_stage(fake_engine, model):
    async with EngineClient() as client:
        task = asyncio.create_task(collect(client, endpoint_for(fake_engine.base_url, model)))
        await until(lambda: fake_engine.engine.state.started == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: fake_engine.engine.state.aborted == 1)


async def test_many_streams_at_once_do_not_mix():
    with running_engine(FakeEngine(gap_ms=1)) as running:
        async with EngineClient() as client:
            endpoint = endpoint_for(running.base_url, "fake-echo")
            texts = [f"stream {number} " + f"{number} " * 20 for number in range(64)]
            answers = await asyncio.gather(
                *(collect(client, endpoint, request_for(text)) for text in texts)
            )
    assert [text for text, _ in answers] == texts


async def test_pool_bounds_the_connections_and_the_wait_is_the_first_tokens():
    with running_engine(FakeEngine()) as running:
        async with EngineClient(max_connections=1) as client:
            silent = client.stream_chat(
                endpoint_for(running.base_url, "fake-silent"), request_for()
            )
            async with contextlib.aclosing(silent):
                await anext(silent)
                with pytest.raises(EngineTimeoutError, match="did not begin"):
                    await collect(client, endpoint_for(running.base_url, first_token_seconds=0.2))
        assert running.engine.state.started == 1


async def test_check_tells_what_is_served(fake_engine):
    async with EngineClient() as client:
        health = await client.check(endpoint_for(fake_engine.base_url))
    assert health.ok
    assert "fake" in health.models
    assert health.context_tokens == 4096
    assert health.latency_ms > 0


async def test_check_tells_that_a_model_is_not_served(fake_engine):
    async with EngineClient() as client:
        health = await client.check(endpoint_for(fake_engine.base_url, "other"))
    assert not health.ok
    assert "does not serve the model" in health.message


async def test_check_of_nothing_is_a_state_and_no_exception():
    async with EngineClient() as client:
        health = await client.check(endpoint_for("http://127.0.0.1:1/v1"))
    assert not health.ok
    assert "cannot be reached" in health.message


async def test_client_can_be_used_again_after_it_was_closed(fake_engine):
    client = EngineClient()
    await collect(client, endpoint_for(fake_engine.base_url))
    await client.close()
    text, _ = await collect(client, endpoint_for(fake_engine.base_url))
    await client.close()
    assert text == WORDS


async def until(condition) -> None:
    """Returns when ``condition`` holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the fake lives in another loop
            await asyncio.sleep(0.005)
