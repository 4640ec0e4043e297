"""An MCP server of the official SDK with a few tools; ``python -m tests.fakes.mcp_server`` on pipes."""

import os

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations


def make_server() -> MCPServer:
    server = MCPServer("weather")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True), title="Forecast")
    def forecast(city: str, days: int = 1) -> str:
        """The weather of the coming days."""
        return f"{city}: sun for {days} days"

    @server.tool(annotations=ToolAnnotations(destructive_hint=False))
    def note(text: str) -> str:
        """Adds a note."""
        return "noted"

    @server.tool()
    def delete_everything() -> str:
        """Forgets all notes."""
        return "gone"

    @server.tool()
    def fail() -> str:
        """Never works."""
        raise ValueError("It never works.")

    @server.tool()
    def environment() -> list[str]:
        """The names in the server's environment."""
        return sorted(os.environ)

    return server


if __name__ == "__main__":
    make_server().run("stdio")
