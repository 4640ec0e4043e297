"""Tool servers: how they are reached, what they offer, and when that is read again."""

import json
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.kernel.errors import InvalidInputError
from altiplano.serving.domain.keys import open_key
from altiplano.serving.models import ToolServer
from altiplano.serving.queries import tool_servers_usable_by

READ_AGAIN_AFTER: Final = timedelta(hours=1)
TRY_AGAIN_AFTER: Final = timedelta(minutes=5)
MAX_TOOLS: Final = 100
READ_FIELDS: Final = ("offered", "approved", "tools", "awaits_approval")

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
    unapproved: frozenset[str] = frozenset()


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
        unapproved=frozenset(tool["name"] for tool in server.offered)
        - {tool["name"] for tool in server.tools},
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
    """What the server offers is known, or why it is not; then what it offered before stays.

    What it offers first is approved with its address. A tool that comes later, or says something
    else of itself than when it was approved, is off until staff approve it.
    """
    with transaction.atomic():
        server = ToolServer.objects.select_for_update(of=("self",)).filter(id=server_id).first()
        if server is None:
            return
        server.checked_at, server.problem = timezone.now(), problem[:300]
        if tools is not None:
            server.offered = [dict(tool) for tool in tools[:MAX_TOOLS]]
            if server.approved is None:
                server.approved = server.offered
            _use_what_is_approved(server)
        server.save(update_fields=[*READ_FIELDS, "checked_at", "problem"])


def approve_tools(*, actor: User, server_id: uuid.UUID) -> None:
    """Everything that the server offers may be used, as it describes it now. Recorded."""
    with transaction.atomic():
        server = ToolServer.objects.select_for_update(of=("self",)).get(id=server_id)
        changes = changes_of(server)
        if not changes:
            return
        server.approved = server.offered
        _use_what_is_approved(server)
        server.save(update_fields=READ_FIELDS)
        record_event(
            principal=None,
            actor=actor,
            organization_id=server.organization_id,
            action="toolserver.tools_approved",
            object_type="toolserver",
            object_id=server.id,
            data={"name": server.name, "tools": sorted({change.tool for change in changes})},
        )


@dataclass(frozen=True, slots=True)
class ToolChange:
    """One thing that a tool says of itself: what was approved, and what it says now."""

    tool: str
    field: str
    before: str
    after: str


def changes_of(server: ToolServer) -> tuple[ToolChange, ...]:
    """How what the server offers differs from what was approved, for whoever is to approve it."""
    before = {tool["name"]: tool for tool in server.approved or ()}
    return tuple(
        ToolChange(tool["name"], name, _as_text(old.get(name)), _as_text(tool[name]))
        for tool in server.offered
        for old in [before.get(tool["name"], {})]
        for name in tool
        if name != "name" and old.get(name) != tool[name]
    )


def _use_what_is_approved(server: ToolServer) -> None:
    approved = {tool["name"]: tool for tool in server.approved or ()}
    server.tools = [tool for tool in server.offered if approved.get(tool["name"]) == tool]
    server.awaits_approval = len(server.tools) < len(server.offered)


def _as_text(value: Any) -> str:
    """As a person compares it; empty for what was not there."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)


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
