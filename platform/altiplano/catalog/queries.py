"""Reads about plugins."""

from collections.abc import Mapping

from altiplano.catalog.models import PluginRelease, ReleaseState

ReleaseKey = tuple[str, str]
"""Kind and id of a plugin."""


def releases() -> list[PluginRelease]:
    """Every release that is installed now, also quarantined ones, by kind and id."""
    return list(
        PluginRelease.objects.exclude(state=ReleaseState.GONE)
        .select_related("plugin")
        .order_by("plugin__kind", "plugin__slug", "version")
    )


def active_releases() -> Mapping[ReleaseKey, PluginRelease] | None:
    """The releases a pipeline may use; None while no worker has reported what it can run."""
    found = list(PluginRelease.objects.select_related("plugin"))
    if not found:
        return None
    return {
        (release.plugin.kind, release.plugin.slug): release
        for release in found
        if release.state == ReleaseState.ACTIVE
    }
