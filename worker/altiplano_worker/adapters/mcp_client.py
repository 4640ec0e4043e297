"""A client of MCP servers: over HTTP to an approved address, or over the pipes of a program.

It lists tools and calls them, nothing else: no server reaches a model, files or people through us.
One client is one conversation, for one run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import orjson

from altiplano_sdk import RetryableError
from altiplano_sdk.contracts import HttpClient
from altiplano_worker.adapters import mcp_messages as mcp
from altiplano_worker.adapters.mcp_messages import CallAnswer, ServerTool, ToolServerError

MAX_LINE: Final = 1024 * 1024
STOP_SECONDS: Final = 2.0
BASIC_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Channel(Protocol):
    """How messages reach a server. ``ask`` returns the result of a request."""

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]: ...

    async def close(self) -> None: ...


class McpClient:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def list_tools(self) -> list[ServerTool]:
        """All that the server offers and a model can call. Raises ToolServerError."""
        tools: list[ServerTool] = []
        params: dict[str, Any] = {}
        for _ in range(mcp.MAX_PAGES):
            page = await self._channel.ask("tools/list", params)
            tools += mcp.read_tools(page)
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or len(tools) >= mcp.MAX_TOOLS:
                break
            params = {"cursor": cursor}
        return tools[: mcp.MAX_TOOLS]

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> CallAnswer:
        """What the tool says. Raises ToolServerError."""
        params = {"name": name, "arguments": dict(arguments)}
        return mcp.read_answer(await self._channel.ask("tools/call", params))

    async def close(self) -> None:
        await self._channel.close()


class HttpChannel:
    """Streamable HTTP. ``http`` reaches the address and nothing else; ``key`` may be empty."""

    def __init__(self, http: HttpClient, address: str, key: str) -> None:
        self._http = http
        self._address = address
        self._key = key
        self._number = 0
        self._version: str | None = None
        self._session: str | None = None

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._version is None:
            await self._open()
        if self._version == mcp.ENVELOPE_VERSION:
            params = mcp.in_envelope(params)
        return await self._send(method, params)

    async def _open(self) -> None:
        """The generation that the server speaks is known; older ones have opened a session."""
        try:
            result = await self._send("initialize", mcp.opening())
        except mcp.RefusedError as error:
            if error.number not in mcp.WRONG_GENERATION:
                raise
            self._version = mcp.ENVELOPE_VERSION
            return
        version = result.get("protocolVersion")
        if version not in mcp.HANDSHAKE_VERSIONS:
            raise ToolServerError("The tool server speaks a version of MCP that is not known here.")
        self._version = version
        await self._post(mcp.notification("notifications/initialized"), {})

    async def _send(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._number += 1
        headers = {"Mcp-Method": method}
        if isinstance(name := params.get("name"), str):
            headers["Mcp-Name"] = name
        status, media_type, body = await self._post(
            mcp.request(self._number, method, params),
            headers if self._version == mcp.ENVELOPE_VERSION else {},
        )
        if status in {401, 403}:
            raise ToolServerError("The tool server refuses the key it was given.")
        if media_type not in {"application/json", "text/event-stream"}:
            raise ToolServerError(f"The tool server answers with status {status} and no MCP.")
        return mcp.result_in(mcp.messages_in(body, media_type), self._number)

    async def _post(
        self, message: Mapping[str, Any], more: Mapping[str, str]
    ) -> tuple[int, str, bytes]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **more,
        }
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if self._version:
            headers["MCP-Protocol-Version"] = self._version
        if self._session:
            headers["Mcp-Session-Id"] = self._session
        response = await self._http.request(
            "POST", self._address, headers=headers, body=orjson.dumps(message)
        )
        session = response.headers.get("mcp-session-id", "")
        if self._session is None and 0 < len(session) <= 200 and session.isascii():
            self._session = session
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return response.status, media_type, response.body

    async def close(self) -> None:
        """The server may forget the session; whether it does is its own affair."""
        if self._session is not None and self._version is not None:
            headers = {"Mcp-Session-Id": self._session, "MCP-Protocol-Version": self._version}
            with suppress(Exception):
                await self._http.request("DELETE", self._address, headers=headers)


class ProgramChannel:
    """The pipes of a program that the operator named: its command comes from nowhere else.

    It runs without this process's environment, for as long as the conversation.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = tuple(command)
        self._environment = {**BASIC_ENVIRONMENT, **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._number = 0

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._process is None:
            await self._start()
            await self._exchange("initialize", mcp.opening())
            await self._write(mcp.notification("notifications/initialized"))
        return await self._exchange(method, params)

    async def _start(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
                limit=MAX_LINE,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolServerError("The program of the tool server cannot be started.") from error

    async def _exchange(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._number += 1
        await self._write(mcp.request(self._number, method, params))
        while True:
            line = await self._read_line()
            with suppress(ToolServerError):
                message = next(mcp.messages_in(line, "application/json"))
                if isinstance(message, dict) and message.get("id") == self._number:
                    break
        return mcp.result_in(iter([message]), self._number)

    async def _write(self, message: Mapping[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise RetryableError("The program of the tool server has ended.")
        try:
            process.stdin.write(orjson.dumps(message) + b"\n")
            await process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise RetryableError("The program of the tool server has ended.") from error

    async def _read_line(self) -> bytes:
        process = self._process
        try:
            line = await process.stdout.readline() if process and process.stdout else b""
        except ValueError as error:  # longer than the limit
            raise ToolServerError("The tool server answered with too much.") from error
        if not line:
            raise RetryableError("The program of the tool server has ended.")
        return line

    async def close(self) -> None:
        """The program has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
