"""REST routes of the plugin catalogue."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ninja import Router
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.catalog import queries
from altiplano.catalog.interfaces.package_api import router as package_router
from altiplano.catalog.models import PluginRelease
from altiplano.catalog.package_models import (
    Installation,
    PackageState,
)
from altiplano.kernel.schemas import ResponseBody

router = Router(tags=["catalog"])
router.add_router("", package_router)


class PluginOut(ResponseBody):
    """One release of a plugin for one kind: a built-in, or what the organization installed."""

    kind: str
    plugin: str = Field(description="What a pipeline's stage calls it.")
    version: str
    source: str = Field(description="built-in or installed")
    state: str = Field(description="active, quarantined, off (switched off) or recalled")
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
        return cls(
            kind=release.plugin.kind,
            plugin=release.plugin.slug,
            version=release.version,
            source="built-in",
            state=release.state,
            config_schema=release.config_schema,
            seen_at=release.seen_at,
            **_told(release.manifest, release.plugin.slug),
        )

    @classmethod
    def of_installation(cls, installation: Installation) -> "list[PluginOut]":
        """One for each kind that the package provides, with the rights that were granted."""
        release = installation.release
        told = _told(release.manifest, release.manifest["id"])
        return [
            cls(
                kind=provided["kind"],
                plugin=release.manifest["id"],
                version=release.version,
                source="installed",
                state=_state(installation),
                config_schema=release.schemas.get(provided["kind"], {}),
                seen_at=installation.changed_at,
                **{**told, "grants": installation.granted},
            )
            for provided in release.manifest["provides"]
        ]


def _told(manifest: Mapping[str, Any], slug: str) -> dict[str, Any]:
    """A manifest that could not be read tells nothing."""
    return {
        "title": manifest.get("title", slug),
        "summary": manifest.get("summary", ""),
        "author": manifest.get("author", ""),
        "licence": manifest.get("licence", ""),
        "languages": manifest.get("languages", []),
        "personal_data": manifest.get("personal_data", False),
        "grants": manifest.get("grants", {}),
    }


def _state(installation: Installation) -> str:
    if installation.release.state == PackageState.RECALLED:
        return "recalled"
    return "active" if installation.is_enabled else "off"


@router.get("/plugins", response=list[PluginOut], summary="List plugins")
def list_plugins(request: ApiRequest) -> list[PluginOut]:
    """Why a release is quarantined is for the operator's log, not for this list."""
    request.auth.require("read")
    built_in = [PluginOut.of(release) for release in queries.releases()]
    installations = queries.installations_of(request.auth.organization_id)
    return built_in + [
        out for installation in installations for out in PluginOut.of_installation(installation)
    ]
