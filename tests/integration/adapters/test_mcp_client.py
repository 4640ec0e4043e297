"""Our client of tool servers against servers of the official SDK, old and new, and hostile ones."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from altiplano_sdk import PermanentError, PluginError, RetryableError
from altiplano_worker.adapters.http import GrantedHttp, HttpLimits
from altiplano_worker.adapters.mcp_client import HttpChannel, McpClient, ProgramChannel
from altiplano_worker.adapters.mcp_messages import CallAnswer, ToolServerError
from tests.fakes.engine_server import running_app
from tests.fakes.mcp_server import make_server

pytestmark = pytest.mark.asyncio

ROOT = Path(__file__).resolve().parents[3]
KINDS = {
    "sessions and streams": {},
    "sessions and JSON": {"json_response": True},
    "no sessions": {"stateless_http": True},
    "no sessions and JSON": {"stateless_http": True, "json_response": True},
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def official(request) -> Iterator[str]:
    with running_app(make_server().streamable_http_app(**request.param)) as address:
        yield f"{address}/mcp"


@asynccontextmanager
async def client_of(address, *, key="", **limits):
    http = GrantedHttp(hosts=("127.0.0.1",), private=True, limits=HttpLimits(seconds=10, **limits))
    client = McpClient(HttpChannel(http, address, key))
    try:
        yield client
    finally:
        await client.close()
        await http.close()


async def test_official_server_is_listed_and_called(official):
    async with client_of(official) as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
        said = await client.call_tool("forecast", {"city": "Lyon", "days": 3})
    assert tools["forecast"].parameters["required"] == ["city"]
    assert tools["forecast"].description == "The weather of the coming days."
    assert said.text.startswith("Lyon: sun for 3 days")
    assert not said.is_error


async def test_what_a_server_does_not_promise_is_assumed_at_its_worst(official):
    async with client_of(official) as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
    assert {name: (tool.reads_only, tool.is_irreversible) for name, tool in tools.items()} == {
        "forecast": (True, False), "note": (False, False), "delete_everything": (False, True),
        "fail": (False, True), "environment": (False, True),
    }  # fmt: skip


async def test_failing_tool_is_an_answer(official):
    async with client_of(official) as client:
        said = await client.call_tool("fail", {})
    assert said.is_error
    assert said.text


async def test_tool_that_is_not_there_is_an_error(official):
    async with client_of(official) as client:
        try:
            is_error = (await client.call_tool("no such tool", {})).is_error
        except ToolServerError:
            is_error = True
    assert is_error


# --- Over pipes ----------------------------------------------------------------------------------


@asynccontextmanager
async def program(*command, **environment):
    client = McpClient(ProgramChannel(command, environment))
    try:
        yield client
    finally:
        await client.close()


def official_program(**environment):
    python = f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    code = python + "from tests.fakes.mcp_server import make_server; make_server().run('stdio')"
    return program(sys.executable, "-c", code, **environment)


async def test_program_of_the_official_sdk_is_listed_and_called():
    async with official_program() as client:
        names = [tool.name for tool in await client.list_tools()]
        said = await client.call_tool("forecast", {"city": "Lyon"})
    assert "forecast" in names
    assert said.text.startswith("Lyon: sun")


async def test_program_sees_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("ALTIPLANO_SECRET_KEY", "the secret")
    async with official_program(OF_THE_OPERATOR="1") as client:
        said = await client.call_tool("environment", {})
    assert "OF_THE_OPERATOR" in said.text
    assert "ALTIPLANO" not in said.text


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (("/no/such/program",), ToolServerError),
        ((sys.executable, "-c", "pass"), RetryableError),
        ((sys.executable, "-c", "print('x' * 3_000_000)"), ToolServerError),
    ],
    ids=["not there", "ends at once", "a line without end"],
)
async def test_program_that_is_no_server_is_an_error(command, error):
    async with program(*command) as client:
        with pytest.raises(error):
            await client.list_tools()


async def test_program_that_ignores_the_end_is_killed():
    code = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    channel = ProgramChannel((sys.executable, "-c", code), {})
    await channel._start()
    process = channel._process
    await channel.close()
    assert process.returncode is not None


# --- Servers that are none, or hostile ------------------------------------------------------------


def answering(*answers, record=None):
    """An application that answers one request after the other; the last one for ever."""
    waiting = list(answers)

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        if record is not None:
            record.append((dict(scope["headers"]), json.loads(body or b"null")))
        status, kind, said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    return app


def result(number, **fields):
    return (
        200,
        "application/json",
        json.dumps({"jsonrpc": "2.0", "id": number, "result": fields}).encode(),
    )


OPENED = result(1, protocolVersion="2025-11-25", capabilities={}, serverInfo={})
TAKEN = (202, "application/json", b"")


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<h1>It works</h1>"),
        (200, "application/json", b"{"),
        (200, "application/json", b"[]"),
        (200, "application/json", b'{"jsonrpc": "2.0", "id": 99, "result": {}}'),
        (200, "text/event-stream", b"data: {not json\n\n"),
        (200, "text/event-stream", b": nothing\n\n"),
        (401, "application/json", b"{}"),
        (500, "text/plain", b"secret of the inside"),
        result(1, protocolVersion="1999-01-01"),
        result(1),
    ],
    ids=lambda answer: f"{answer[0]} {answer[1]} {answer[2][:12]}",
)
async def test_server_that_is_none_is_an_error_in_words(answer):
    with running_app(answering(answer)) as address:
        async with client_of(address) as client:
            with pytest.raises(PluginError) as caught:
                await client.list_tools()
    assert caught.value.message.endswith(".")
    assert "secret" not in caught.value.message


async def test_tools_that_no_model_could_call_are_left_out():
    tools = [
        {"name": "good", "inputSchema": {"type": "object"}},
        {"name": "", "inputSchema": {}},
        {"name": "x" * 65, "inputSchema": {}},
        {"name": 7, "inputSchema": {}},
        {"name": "without a schema"},
        {"name": "huge", "inputSchema": {"title": "x" * 40_000}},
        "no tool",
    ]
    with running_app(answering(OPENED, TAKEN, result(2, tools=tools))) as address:
        async with client_of(address) as client:
            assert [tool.name for tool in await client.list_tools()] == ["good"]


async def test_list_that_never_ends_is_cut():
    tools = [{"name": f"t{n}", "inputSchema": {}} for n in range(60)]
    pages = [result(number, tools=tools, nextCursor="more") for number in range(2, 14)]
    with running_app(answering(OPENED, TAKEN, *pages)) as address:
        async with client_of(address) as client:
            assert len(await client.list_tools()) == 100


async def test_answer_without_end_is_cut():
    with running_app(answering((200, "application/json", b" " * 200_000))) as address:
        async with client_of(address, response_bytes=100_000) as client:
            with pytest.raises(PermanentError, match="too large"):
                await client.list_tools()


async def test_key_goes_to_the_server_and_the_session_comes_back():
    seen = []
    with running_app(answering(OPENED, TAKEN, result(2, tools=[]), record=seen)) as address:
        async with client_of(address, key="k-1") as client:
            await client.list_tools()
    headers = [each for each, _ in seen]
    assert {each[b"authorization"] for each in headers} == {b"Bearer k-1"}
    assert headers[1][b"mcp-protocol-version"] == b"2025-11-25"
    assert [body["method"] for _, body in seen] == [
        "initialize", "notifications/initialized", "tools/list",
    ]  # fmt: skip


async def test_newer_server_is_spoken_to_in_its_own_form():
    seen = []
    unknown = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "x"}})
    refusal = (404, "application/json", unknown.encode())
    said = result(2, content=[{"type": "text", "text": "6"}], resultType="complete")
    with running_app(answering(refusal, said, record=seen)) as address:
        async with client_of(address) as client:
            assert await client.call_tool("double", {"n": 3}) == CallAnswer("6", is_error=False)
    headers, body = seen[1]
    assert headers[b"mcp-protocol-version"] == b"2026-07-28"
    assert (headers[b"mcp-method"], headers[b"mcp-name"]) == (b"tools/call", b"double")
    assert body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"


async def test_private_network_is_closed_unless_the_operator_opened_it():
    with running_app(answering(OPENED)) as address:
        http = GrantedHttp(hosts=("127.0.0.1",))
        client = McpClient(HttpChannel(http, address, ""))
        with pytest.raises(PermanentError, match="private network"):
            await client.list_tools()
        await http.close()


async def test_parts_that_are_no_text_are_named():
    parts = [{"type": "text", "text": "See:"}, {"type": "image", "data": "…"}, {"type": 7}, 8]
    with running_app(answering(OPENED, TAKEN, result(2, content=parts))) as address:
        async with client_of(address) as client:
            said = await client.call_tool("x", {})
    assert said.text == "See:\n(image left out)\n(something left out)\n(something left out)"


async def test_calls_of_many_clients_do_not_meet(official):
    """Same request numbers, other sessions."""

    async def ask(city):
        async with client_of(official) as client:
            return (await client.call_tool("forecast", {"city": city})).text

    cities = [f"City{n}" for n in range(20)]
    said = await asyncio.gather(*map(ask, cities))
    assert [text.split(":")[0] for text in said] == cities
