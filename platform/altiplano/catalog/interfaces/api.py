"""REST routes of the plugin catalogue."""

from datetime import datetime
from typing import Any

from ninja import Router
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.catalog import queries
from altiplano.catalog.models import PluginRelease
from altiplano.kernel.schemas import ResponseBody

router = Router(tags=["catalog"])


class PluginOut(ResponseBody):
    """One release of a plugin, as the workers of this installation reported it."""

    kind: str
    plugin: str = Field(description="What a pipeline's stage calls it.")
    version: str
    state: str = Field(description="active or quarantined")
    title: str
    summary: str
    author: str
    licence: str
    languages: list[str]
    personal_data: bool
    grants: dict[str, Any] = Field(description="What the plugin is allowed to use.")
    config_schema: dict[str, Any] = Field(description="JSON Schema of a stage's `config`.")
    seen_at: datetime

    @classmethod
    def of(cls, release: PluginRelease) -> "PluginOut":
        manifest = release.manifest
        return cls(
            kind=release.plugin.kind,
            plugin=release.plugin.slug,
            version=release.version,
            state=release.state,
            title=manifest.get("title", release.plugin.slug),
            summary=manifest.get("summary", ""),
            author=manifest.get("author", ""),
            licence=manifest.get("licence", ""),
            languages=manifest.get("languages", []),
            personal_data=manifest.get("personal_data", False),
            grants=manifest.get("grants", {}),
            config_schema=release.config_schema,
            seen_at=release.seen_at,
        )


@router.get("/plugins", response=list[PluginOut], summary="List plugins")
def list_plugins(request: ApiRequest) -> list[PluginOut]:
    """Why a release is quarantined is for the operator's log, not for this list."""
    request.auth.require("read")
    return [PluginOut.of(release) for release in queries.releases()]
