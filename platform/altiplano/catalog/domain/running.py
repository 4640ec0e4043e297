"""What a run needs of the plugins from outside that it is pinned to, and why it may not have them."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from altiplano.catalog.archives import archive_path
from altiplano.catalog.domain.installing import effective_grants
from altiplano.catalog.domain.quarantine import resting_in
from altiplano.catalog.domain.secrets import open_secrets
from altiplano.catalog.package_models import (
    Installation,
    PackageRelease,
    PackageState,
)
from altiplano.kernel.errors import ConflictError
from altiplano.kernel.reasons import lazily_in_my_language
from altiplano_sdk import Grants, PackageManifest

Pin = Mapping[str, Any]
"""One of ``studio.plugins.pin_plugins``: the kind and id of a stage, and the release."""


class PluginUnavailableError(ConflictError):
    """A plugin that the app names must not run; the sentence names it."""

    code = "plugin_unavailable"


@dataclass(frozen=True, slots=True)
class RunPlugin:
    """A release that a run uses, with the rights it has there. ``repr`` shows no secret."""

    package_id: uuid.UUID
    digest: str
    archive: Path
    manifest: PackageManifest
    schemas: Mapping[str, Any]
    granted: Grants
    is_draft: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def plugins_for_run(organization_id: uuid.UUID, pins: Sequence[Pin]) -> tuple[RunPlugin, ...]:
    """Each release that ``pins`` name, once. Three queries. Raises PluginUnavailableError."""
    if not pins:
        return ()
    names = {uuid.UUID(pin["release"]): f"{pin['plugin']} {pin['version']}" for pin in pins}
    releases = {
        release.id: release
        for release in PackageRelease.unscoped.filter(id__in=names).select_related("package")
    }
    installed = {
        installation.package_id: installation
        for installation in Installation.objects.within(organization_id).filter(
            package__releases__in=names
        )
    }
    found = tuple(
        _plugin(organization_id, releases.get(release_id), name, installed)
        for release_id, name in names.items()
    )
    resting = resting_in(organization_id, [plugin.digest for plugin in found])
    for plugin in found:
        if row := resting.get(plugin.digest):
            raise PluginUnavailableError(
                lazily_in_my_language(
                    f"The plugin {plugin.manifest.id} stopped {row.crashes} times in a row and is "
                    "left alone for some minutes. Tell its author."
                ),
                code="plugin_quarantined",
            )
    return found


def recalled_among(digests: Collection[str]) -> list[str]:
    """Those of these contents that must not run any more."""
    recalled = PackageRelease.unscoped.filter(state=PackageState.RECALLED, digest__in=digests)
    return list(recalled.values_list("digest", flat=True))


def _plugin(
    organization_id: uuid.UUID,
    release: PackageRelease | None,
    name: str,
    installed: Mapping[uuid.UUID, Installation],
) -> RunPlugin:
    if release is not None and release.state == PackageState.DRAFT:
        return _draft(organization_id, release, name)
    installation = None if release is None else installed.get(release.package_id)
    if release is not None and release.state == PackageState.RECALLED:
        raise PluginUnavailableError(
            lazily_in_my_language(f"The plugin {name} was recalled: {release.reason.rstrip('.')}."),
            code="plugin_recalled",
        )
    if release is None or installation is None or release.state != PackageState.PUBLISHED:
        raise _gone(name)
    if not installation.is_enabled:
        raise PluginUnavailableError(lazily_in_my_language(f"The plugin {name} is switched off."))
    manifest = PackageManifest.model_validate(release.manifest)
    granted = effective_grants(installation.granted, manifest)
    values = open_secrets(installation.sealed_secrets)
    return RunPlugin(
        package_id=release.package_id,
        digest=release.digest,
        archive=archive_path(release.id),
        manifest=manifest,
        schemas=release.schemas,
        granted=granted,
        secrets={each: values[each] for each in granted.secrets if each in values},
    )


def _draft(organization_id: uuid.UUID, release: PackageRelease, name: str) -> RunPlugin:
    """An author's draft may what it asks for, but go out: nobody has looked at it yet.

    It has no secrets either; those are given when a release is installed.
    """
    if release.package.owner_id != organization_id:
        raise _gone(name)
    manifest = PackageManifest.model_validate(release.manifest)
    return RunPlugin(
        package_id=release.package_id,
        digest=release.digest,
        archive=archive_path(release.id),
        manifest=manifest,
        schemas=release.schemas,
        granted=Grants(**manifest.grants.model_dump()).model_copy(
            update={"network_hosts": (), "secrets": ()}
        ),
        is_draft=True,
    )


def _gone(name: str) -> PluginUnavailableError:
    return PluginUnavailableError(
        lazily_in_my_language(f"The plugin {name} is not installed any more.")
    )
