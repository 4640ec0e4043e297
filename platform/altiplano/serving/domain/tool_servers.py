"""Tool servers: how they are reached, what they offer, and when that is read again."""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError
from altiplano.serving.domain.keys import open_key
from altiplano.serving.models import ToolServer
from altiplano.serving.queries import tool_servers_usable_by

READ_AGAIN_AFTER: Final = timedelta(hours=1)
TRY_AGAIN_AFTER: Final = timedelta(minutes=5)
MAX_TOOLS: Final = 100

_ADDRESS = re.compile(r"[!-~]+\Z")


@dataclass(frozen=True, slots=True)
class ToolServerAccess:
    """How a worker reaches a server, and what it offered last. ``repr`` shows no key."""

    id: uuid.UUID
    plugin: str
    slug: str
    name: str
    address: str
    program: str
    is_private: bool
    tools: Sequence[Mapping[str, Any]]
    key: str = field(repr=False)


def check_address(address: str) -> str:
    """The address of an MCP server over HTTP. Raises InvalidInputError for anything else."""
    try:
        parts = urlsplit(address)
        is_right = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if (
        not is_right
        or parts.scheme not in {"http", "https"}
        or parts.username is not None
        or parts.fragment
        or not _ADDRESS.match(address)
    ):
        raise InvalidInputError(
            _("Enter the server's address, such as https://tools.example.org/mcp."),
            fields={"address": _("must be an http or https address")},
        )
    return address


def access_to(server: ToolServer) -> ToolServerAccess:
    """Raises UnreadableKeyError."""
    return ToolServerAccess(
        id=server.id,
        plugin=server.plugin,
        slug=server.slug,
        name=server.name,
        address=server.address,
        program=server.program,
        is_private=server.is_private,
        tools=server.tools,
        key=open_key(server.sealed_key),
    )


def servers_for_run(
    organization_id: uuid.UUID, plugins: Collection[str]
) -> tuple[ToolServerAccess, ...]:
    """Those of the servers that pipelines call ``plugins`` which the organization may use."""
    slugs = [plugin.removeprefix("mcp:") for plugin in plugins]
    usable = tool_servers_usable_by(organization_id).filter(slug__in=slugs)
    return tuple(map(access_to, usable))


def servers_to_read() -> tuple[ToolServerAccess, ...]:
    """Those that were not read for a while, or never."""
    now = timezone.now()
    due = ToolServer.objects.filter(
        Q(checked_at__isnull=True)
        | Q(checked_at__lt=now - READ_AGAIN_AFTER)
        | Q(checked_at__lt=now - TRY_AGAIN_AFTER) & ~Q(problem=""),
        is_enabled=True,
    )
    return tuple(map(access_to, due.order_by("checked_at", "id")[:20]))


def store_tools(
    *, server_id: uuid.UUID, tools: Sequence[Mapping[str, Any]] | None, problem: str = ""
) -> None:
    """What the server offers is known, or why it is not; then what it offered before stays."""
    changed: dict[str, Any] = {"checked_at": timezone.now(), "problem": problem[:300]}
    if tools is not None:
        changed["tools"] = [dict(tool) for tool in tools[:MAX_TOOLS]]
    ToolServer.objects.filter(id=server_id).update(**changed)


def release_of(server: ToolServer) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the schema of settings that the builder shows of the server."""
    names = [tool["name"] for tool in server.tools]
    manifest = {
        "id": f"mcp-{server.slug}",
        "kind": "tool",
        "version": "1.0.0",
        "title": server.name,
        "summary": str(_("A tool of an MCP server that the operator has connected.")),
    }
    titles = {tool["name"]: tool["title"] or tool["name"] for tool in server.tools}
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "tool": {
                "type": "string",
                "title": str(_("Tool")),
                "description": str(_("Which of the server's tools the model may call.")),
                **({"enum": names, "enum_titles": titles, "default": names[0]} if names else {}),
            }
        },
        "required": [] if names else ["tool"],
    }
    return manifest, schema
