"""Which plugins an app may name: in its draft, in a frozen version, and pinned for a run."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from altiplano.catalog import queries as catalog
from altiplano.catalog.pins import pin_of
from altiplano.catalog.queries import (
    ReleaseKey,
    UsableRelease,
    installed_plugins,
    pinned_releases,
    usable_releases,
)
from altiplano.kernel.reasons import in_my_language
from altiplano.serving.domain.tool_servers import release_of
from altiplano.serving.models import ToolServer
from altiplano.serving.queries import tool_servers_usable_by
from altiplano.studio.models import App, AppVersion, DraftPackage
from altiplano.studio.pipelines import Stage, from_stored

Releases = Mapping[ReleaseKey, UsableRelease]


def releases_for_draft(app: App) -> Releases | None:
    """What the app's draft may name: also its author's drafts that were attached to it.

    None while no worker has reported anything.
    """
    usable = usable_releases(app.organization_id, drafts=attached_to(app))
    return _with_tool_servers(app.organization_id, usable)


def releases_for_versions(organization_id: uuid.UUID) -> Releases | None:
    """What a frozen version may name. Drafts of plugins change with each save of a file."""
    return _with_tool_servers(organization_id, usable_releases(organization_id))


def _with_tool_servers(organization_id: uuid.UUID, usable: Releases | None) -> Releases | None:
    """Each tool server is a plugin of the kind tool, of which a stage names one tool."""
    if usable is None:
        return None
    servers = tool_servers_usable_by(organization_id)
    return {**usable, **{("tool", server.plugin): _as_release(server) for server in servers}}


def _as_release(server: ToolServer) -> UsableRelease:
    manifest, schema = release_of(server)
    return UsableRelease("tool", server.plugin, manifest["version"], manifest, schema)


def plugin_titles(organization_id: uuid.UUID, slugs: Collection[str]) -> Mapping[ReleaseKey, str]:
    """What those who build apps call these plugins, in the active language; tool servers too."""
    titles = catalog.plugin_titles(organization_id, slugs)
    servers = tool_servers_usable_by(organization_id)
    return {
        **{key: in_my_language(title) for key, title in titles.items()},
        **{("tool", server.plugin): server.name for server in servers},
    }


def releases_of_version(version: AppVersion) -> Releases | None:
    """What the frozen version was made with, as far as it may still run, and the built-ins."""
    usable = releases_for_versions(version.organization_id)
    if usable is None:
        return None
    ids = [uuid.UUID(pin["release"]) for pin in version.plugins]
    pinned = pinned_releases(version.organization_id, ids)
    built_in = {key: each for key, each in usable.items() if each.package_release is None}
    return {**pinned, **built_in}


def attached_to(app: App) -> list[uuid.UUID]:
    """The packages whose drafts the app's draft uses."""
    attached = DraftPackage.objects.within(app.organization_id).filter(app=app)
    return list(attached.values_list("package_id", flat=True))


def pin_plugins(stages: Sequence[Stage], releases: Releases | None) -> list[dict[str, Any]]:
    """For each stage of a plugin from outside, the exact release that is to carry it out.

    ``config_hash`` tells whether a stage is still what it was when it was pinned. Built-ins are
    what the workers have and are not pinned.
    """
    pins: list[dict[str, Any]] = []
    for stage in stages:
        release = (releases or {}).get((stage.kind, stage.plugin))
        if release is None or release.package_release is None:
            continue
        pins.append(pin_of(release, stage.config))
    return pins


def pin_draft(app: App) -> list[dict[str, Any]]:
    """As :func:`pin_plugins` for the draft as it stands, with nothing asked of built-ins.

    Also what was switched off or recalled is pinned: the run itself says which plugin it misses.
    """
    outside = installed_plugins(app.organization_id, drafts=attached_to(app))
    return pin_plugins(from_stored(app.draft_pipeline), outside)
