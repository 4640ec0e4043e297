"""Tools of MCP servers as tools of pipelines: one stage names one tool of one server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

import altiplano_sdk as sdk
from altiplano_worker.adapters.mcp_client import McpClient
from altiplano_worker.adapters.mcp_messages import ServerTool
from altiplano_worker.runtime.loader import PluginConfigError

PROGRAM_HOST: Final = "a-program-of-the-operator"
SECONDS: Final = 60.0

Connect = Callable[[], Awaitable[McpClient]]


class McpToolConfig(BaseModel):
    """Which of the server's tools a stage lets the model call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str


class McpServerPlugin:
    """A server as a plugin of the kind tool. ``tools`` are those that may be used; ``unapproved``
    names others that it offers.
    """

    def __init__(
        self,
        *,
        slug: str,
        title: str,
        address: str,
        tools: Sequence[ServerTool],
        connect: Connect,
        unapproved: Collection[str] = (),
    ) -> None:
        # Whatever the tool does there, the arguments leave the platform: that is a grant of network.
        host = urlsplit(address).hostname or PROGRAM_HOST
        self.manifest = sdk.Manifest(
            id=f"mcp-{slug}",
            version="1.0.0",
            kind=sdk.StageKind.TOOL,
            title=title[:80],
            summary="Tools of an MCP server.",
            grants=sdk.Grants(network_hosts=(host,), seconds=SECONDS),
        )
        self._title = title
        self._tools = {tool.name: tool for tool in tools}
        self._connect = connect
        self._unapproved = frozenset(unapproved)

    def create(self, config: Mapping[str, Any]) -> McpTool:
        """The tool that the stage names, or the only one. Raises PluginConfigError."""
        name = config.get("tool") or next(iter(self._tools), "")
        tool = self._tools.get(str(name))
        if tool is None and name in self._unapproved:
            raise PluginConfigError(
                f"The tool {name} of the tool server {self._title} says something else of itself than "
                "when it was approved. The operator has to look at it."
            )
        if tool is None:
            known = ", ".join(self._tools)[:200] or "none"
            raise PluginConfigError(
                f"The tool server {self._title} has no tool {str(name)[:64]!r}; it has: {known}."
            )
        return McpTool(tool, self._connect)

    def config_schema(self) -> dict[str, Any]:
        return McpToolConfig.model_json_schema()


class McpTool:
    """Fulfils :class:`altiplano_sdk.Tool`. What the server does not promise is assumed at its worst."""

    def __init__(self, tool: ServerTool, connect: Connect) -> None:
        self.name = tool.name
        self.description = tool.description
        self.parameters = tool.parameters
        self.effect = sdk.ToolEffect.READ if tool.reads_only else sdk.ToolEffect.WRITE
        self.irreversible = tool.is_irreversible
        self._connect = connect

    async def call(self, arguments: Mapping[str, Any], ctx: sdk.Context) -> sdk.ToolResult:
        client = await self._connect()
        answer = await client.call_tool(self.name, arguments)
        return sdk.ToolResult(answer.text, is_error=answer.is_error)
