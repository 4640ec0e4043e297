"""Tool servers for runs, and what each offers, read now and then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings

import altiplano_sdk as sdk
from altiplano.kernel.database_threads import read_database
from altiplano.runs.domain.execution import RunWork
from altiplano.serving.domain.tool_servers import (
    ToolServerAccess,
    servers_for_run,
    servers_to_read,
    store_tools,
)
from altiplano_worker.adapters.http import GrantedHttp, HttpLimits
from altiplano_worker.adapters.mcp_client import Channel, HttpChannel, McpClient, ProgramChannel
from altiplano_worker.adapters.mcp_messages import ServerTool, ToolServerError
from altiplano_worker.app import app
from altiplano_worker.runtime.loader import PluginRegistry
from altiplano_worker.runtime.mcp_tools import McpServerPlugin

PREFIX: Final = "mcp:"
READ_SECONDS: Final = 20.0
LIMITS: Final = HttpLimits(seconds=60.0, request_bytes=256 * 1024, response_bytes=1024 * 1024)

log = structlog.get_logger(__name__)


@asynccontextmanager
async def with_tool_servers(
    work: RunWork, registry: PluginRegistry
) -> AsyncIterator[PluginRegistry]:
    """The registry with the tool servers that the run's pipeline names, for the time of the block.

    A server is asked for nothing before a tool of it is called.
    """
    named = {str(stage.get("plugin")) for stage in work.pipeline.get("stages", ())}
    wanted = {plugin for plugin in named if plugin.startswith(PREFIX)}
    if not wanted:
        yield registry
        return
    servers = await read_database(lambda: servers_for_run(work.organization_id, wanted))
    async with AsyncExitStack() as stack:
        yield registry.with_plugins(
            {(sdk.StageKind.TOOL, server.plugin): _plugin(server, stack) for server in servers}
        )


def _plugin(server: ToolServerAccess, stack: AsyncExitStack) -> McpServerPlugin:
    opened: list[McpClient] = []

    async def connect() -> McpClient:
        if not opened:
            opened.append(await open_client(server, stack))
        return opened[0]

    return McpServerPlugin(
        slug=server.slug,
        title=server.name,
        address=server.address,
        tools=[ServerTool(**tool) for tool in server.tools],
        unapproved=server.unapproved,
        connect=connect,
    )


async def open_client(server: ToolServerAccess, stack: AsyncExitStack) -> McpClient:
    """A conversation with the server that ends with ``stack``. Raises ToolServerError."""
    channel: Channel
    if server.program:
        program = programs().get(server.program)
        if program is None:
            raise ToolServerError("The operator has not defined this tool server's program.")
        channel = ProgramChannel(program["command"], program.get("environment", {}))
    else:
        host = urlsplit(server.address).hostname or ""
        http = GrantedHttp(hosts=(host,), private=server.is_private, limits=LIMITS)
        stack.push_async_callback(http.close)
        channel = HttpChannel(http, server.address, server.key)
    client = McpClient(channel)
    stack.push_async_callback(client.close)
    return client


def programs() -> Mapping[str, Mapping[str, Any]]:
    """What the operator's file defines: by name the command, a list, and perhaps its environment."""
    if not settings.TOOL_PROGRAMS:
        return {}
    try:
        found = json.loads(Path(settings.TOOL_PROGRAMS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        log.warning("tool_servers.programs_unreadable", error=type(error).__name__)
        return {}
    return {
        name: program
        for name, program in (found.items() if isinstance(found, dict) else ())
        if _is_program(program)
    }


def _is_program(program: Any) -> bool:
    if not isinstance(program, dict) or program.keys() - {"command", "environment"}:
        return False
    command, environment = program.get("command"), program.get("environment", {})
    return (
        isinstance(command, list)
        and bool(command)
        and all(isinstance(part, str) for part in command)
        and isinstance(environment, dict)
        and all(isinstance(value, str) for value in environment.values())
    )


@app.task(name="altiplano.serving.read_tool_servers")
def read_tool_servers() -> None:
    """The builder knows what each server offers, or its page says why not."""
    for server in servers_to_read():
        try:
            tools = asyncio.run(_read(server))
        except sdk.PluginError as error:
            store_tools(server_id=server.id, tools=None, problem=error.message)
        except TimeoutError:
            store_tools(
                server_id=server.id, tools=None, problem="The tool server did not answer in time."
            )
        else:
            store_tools(server_id=server.id, tools=[tool.to_dict() for tool in tools])


async def _read(server: ToolServerAccess) -> list[ServerTool]:
    async with asyncio.timeout(READ_SECONDS), AsyncExitStack() as stack:
        client = await open_client(server, stack)
        return await client.list_tools()
