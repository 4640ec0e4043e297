"""A paced OpenAI-compatible engine on loopback that misbehaves on request.

``python -m tests.fakes.engine --port 8650`` runs it alone; :mod:`tests.fakes.engine_server` runs
it inside a test. The *model name* picks the behaviour, so that one server serves every test::

    fake                 WORDS words, one per ``gap`` ms after ``ttft`` ms, then usage and [DONE]
    fake-echo            repeats the last user message, word for word
    fake-obey            does what an instruction anywhere in the prompt says: ``SAY <text>``
    fake-tools           wishes what the question says, ``CALL <tool> <arguments>``, in pieces; then
                         repeats what it was told
    fake-slow            headers at once, then nothing before the client gives up
    fake-late            not even headers before the client gives up
    fake-silent          three words, then nothing
    fake-cut             three words, then the connection breaks
    fake-end             three words, then a clean end without finish reason or [DONE]
    fake-no-done         a whole answer with its finish reason but without [DONE]
    fake-no-usage        a whole answer without usage
    fake-garbage         an event that is no JSON
    fake-alien           JSON that is no chunk
    fake-error-event     three words, then an error object as an event
    fake-html            status 200 and a page of HTML
    fake-huge            one endless line
    fake-401 fake-404 fake-429 fake-500 fake-503   that status with an error object
    fake-redirect        307 to another address
    fake-overflow        the context-length error of vLLM, which 4096 words get from every model

``GET /requests`` answers with every request body it got, exactly as received, and
``GET /state`` with ``{"started", "finished", "aborted", "running"}``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONTEXT_TOKENS = 4096
STATUSES = {f"fake-{status}": status for status in (401, 404, 429, 500, 503)}
VARIANTS = (
    "fake", "fake-echo", "fake-obey", "fake-tools", "fake-slow", "fake-late", "fake-silent", "fake-cut",
    "fake-end", "fake-no-done", "fake-no-usage", "fake-garbage", "fake-alien",
    "fake-error-event", "fake-html", "fake-huge", "fake-redirect", "fake-overflow", *STATUSES,
)  # fmt: skip
OVERFLOW_MESSAGE = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."
)


class Gone(Exception):  # noqa: N818 - not an error: the client left
    """The client closed the connection."""


@dataclass
class EngineState:
    """What the engine has seen so far."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    started: int = 0
    finished: int = 0
    aborted: int = 0

    def counts(self) -> dict[str, int]:
        return {
            "started": self.started,
            "finished": self.finished,
            "aborted": self.aborted,
            "running": self.started - self.finished - self.aborted,
        }


class FakeEngine:
    """The ASGI application. ``words`` is what the plain model says."""

    def __init__(self, *, words: int = 8, ttft_ms: float = 0, gap_ms: float = 0) -> None:
        self.state = EngineState()
        self._words = [f"word{number} " for number in range(words)]
        self._ttft = ttft_ms / 1000
        self._gap = gap_ms / 1000

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        path = scope["path"]
        if path.endswith("/models"):
            entries = [{"id": name, "object": "model", "max_model_len": 4096} for name in VARIANTS]
            await _reply(send, {"object": "list", "data": entries})
        elif path == "/state":
            await _reply(send, self.state.counts())
        elif path == "/requests":
            await _reply(send, self.state.requests)
        elif path == "/health":
            await _reply(send, {})
        elif path.endswith("/chat/completions"):
            await self._chat(scope, receive, send)
        else:
            await _reply(send, {"error": {"message": "no such path"}}, status=404)

    async def _chat(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        request = json.loads(body)
        self.state.requests.append(request)
        self.state.headers.append(
            {name.decode(): value.decode() for name, value in scope["headers"]}
        )
        self.state.started += 1
        answer = asyncio.ensure_future(self._answer(request, send))
        gone = asyncio.ensure_future(_wait_until_gone(receive))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                answer.result()
                self.state.finished += 1
            else:
                self.state.aborted += 1
        except Gone:
            self.state.finished += 1  # it broke the connection itself
            raise
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _answer(self, request: dict[str, Any], send: Send) -> None:
        model = str(request.get("model"))
        if model in STATUSES:
            problem = {"error": {"message": "secret detail", "type": "test", "code": "x"}}
            await _reply(send, problem, status=STATUSES[model])
        elif model == "fake-overflow" or _words_in(request) > CONTEXT_TOKENS:
            await _reply(send, {"error": {"message": OVERFLOW_MESSAGE, "code": 400}}, status=400)
        elif model == "fake-redirect":
            headers = [(b"location", b"http://127.0.0.1:9/v1/chat/completions")]
            await _start(send, 307, headers)
            await send({"type": "http.response.body", "body": b""})
        elif model == "fake-html":
            await _start(send, 200, [(b"content-type", b"text/html")])
            await send({"type": "http.response.body", "body": b"<h1>It works</h1>"})
        elif not request.get("stream"):
            await _reply(send, _completion(model, "".join(self._words_for(model, request))))
        else:
            await self._stream(model, request, send)

    async def _stream(self, model: str, request: dict[str, Any], send: Send) -> None:
        if model == "fake-late":
            await asyncio.Event().wait()
        await _start(send, 200, [(b"content-type", b"text/event-stream; charset=utf-8")])
        async for event in self._events(model, request):
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _events(self, model: str, request: dict[str, Any]) -> AsyncIterator[bytes]:
        yield _event(model, {"role": "assistant", "content": ""})
        if model == "fake-slow":
            await asyncio.Event().wait()
        await asyncio.sleep(self._ttft)
        if model == "fake-tools" and (wishes := _wishes_in(request)):
            for event in _wishing(model, wishes):
                yield event
            return
        words = self._words_for(model, request)
        begun = asyncio.get_running_loop().time()
        for number, word in enumerate(words, start=1):
            yield _event(model, {"content": word})
            if number == 3:
                async for event in _trouble(model):
                    yield event
                if model in {"fake-end", "fake-error-event", "fake-garbage", "fake-alien"}:
                    return
            await asyncio.sleep(begun + number * self._gap - asyncio.get_running_loop().time())
        yield _event(model, {}, finish_reason="stop")
        if model == "fake-no-done":
            return
        if model != "fake-no-usage" and (request.get("stream_options") or {}).get("include_usage"):
            yield _event(model, None, usage=_usage(len(words)))
        yield b"data: [DONE]\n\n"

    def _words_for(self, model: str, request: dict[str, Any]) -> list[str]:
        if request.get("stop"):
            return _cut(self._all_words_for(model, request), request["stop"])
        return self._all_words_for(model, request)

    def _all_words_for(self, model: str, request: dict[str, Any]) -> list[str]:
        limit = int(request.get("max_tokens") or 10_000)
        prompt = [str(message["content"]) for message in request["messages"]]
        if model in {"fake-echo", "fake-tools"}:
            return re.findall(r"\S+\s*|\s+", prompt[-1])[:limit]
        if model == "fake-obey":
            found = re.search(r"SAY ([^\n]+)", "\n".join(prompt))
            return re.findall(r"\S+\s*", found.group(1) if found else "Nothing to say.")[:limit]
        return self._words[:limit]


def _wishes_in(request: dict[str, Any]) -> list[tuple[str, str]]:
    """The calls that the last message asks for, as far as tools are offered."""
    offered = {tool["function"]["name"] for tool in request.get("tools", [])}
    last = request["messages"][-1]
    found = (
        re.findall(r"CALL (\S+) (\{[^\n]*\})", last["content"]) if last["role"] == "user" else []
    )
    return [(name, arguments) for name, arguments in found if offered]


def _wishing(model: str, wishes: list[tuple[str, str]]) -> list[bytes]:
    """A turn that only wishes, its arguments cut in pieces as engines do."""
    events = []
    for index, (name, arguments) in enumerate(wishes):
        start = {"index": index, "id": f"call-{index}", "type": "function"}
        events.append(
            _event(model, {"tool_calls": [{**start, "function": {"name": name, "arguments": ""}}]})
        )
        for piece in re.findall(r".{1,4}", arguments):
            part = {"index": index, "function": {"arguments": piece}}
            events.append(_event(model, {"tool_calls": [part]}))
    events.append(_event(model, {}, finish_reason="tool_calls"))
    events.append(_event(model, None, usage=_usage(3)))
    return [*events, b"data: [DONE]\n\n"]


def _cut(words: list[str], stops: list[str]) -> list[str]:
    """The words before the first stop text, as engines cut; perhaps none."""
    text = "".join(words)
    found = [text.find(stop) for stop in stops]
    end = min((position for position in found if position >= 0), default=len(text))
    return re.findall(r"\S+\s*|\s+", text[:end])


def _words_in(request: dict[str, Any]) -> int:
    return sum(len(str(message["content"]).split()) for message in request["messages"])


async def _trouble(model: str) -> AsyncIterator[bytes]:
    if model == "fake-silent":
        await asyncio.Event().wait()
    elif model == "fake-cut":
        raise Gone
    elif model == "fake-garbage":
        yield b"data: {not json\n\n"
    elif model == "fake-alien":
        yield b'data: {"hello": "there"}\n\n'
    elif model == "fake-error-event":
        yield b'data: {"error": {"message": "secret detail", "type": "server_error", "code": 500}}\n\n'
    elif model == "fake-huge":
        yield b"data: "
        for _ in range(4096):
            yield b"x" * 4096


def _event(
    model: str,
    delta: dict[str, Any] | None,
    *,
    finish_reason: str | None = None,
    usage: dict[str, int] | None = None,
) -> bytes:
    choices = [] if delta is None else [
        {"index": 0, "delta": delta, "finish_reason": finish_reason}
    ]  # fmt: skip
    chunk = {
        "id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": model,
        "choices": choices,
    }  # fmt: skip
    if usage is not None:
        chunk["usage"] = usage
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _completion(model: str, text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(len(text.split())),
    }  # fmt: skip


def _usage(words: int) -> dict[str, int]:
    return {"prompt_tokens": 10, "completion_tokens": words, "total_tokens": words + 10}


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _reply(send: Send, body: Any, *, status: int = 200) -> None:
    data = json.dumps(body).encode()
    length = str(len(data)).encode()
    await _start(
        send, status, [(b"content-type", b"application/json"), (b"content-length", length)]
    )
    await send({"type": "http.response.body", "body": data})


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def main() -> None:
    """Serves until it is stopped."""
    import uvicorn

    parser = argparse.ArgumentParser(prog="python -m tests.fakes.engine")
    parser.add_argument("--port", type=int, default=8650)
    parser.add_argument("--words", type=int, default=64)
    parser.add_argument("--ttft", type=float, default=20, help="milliseconds to the first word")
    parser.add_argument("--gap", type=float, default=10, help="milliseconds from word to word")
    options = parser.parse_args()
    engine = FakeEngine(words=options.words, ttft_ms=options.ttft, gap_ms=options.gap)
    uvicorn.run(engine, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
