"""Keeping the catalogue in step with what the workers have loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from altiplano.catalog.models import Plugin, PluginRelease, ReleaseState


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """One plugin as a worker found it. ``reason`` says why it is quarantined; empty when it works.

    A plugin that is too broken to tell its version reports ``0.0.0`` and an empty manifest.
    """

    kind: str
    slug: str
    version: str
    manifest: Mapping[str, Any]
    config_schema: Mapping[str, Any]
    reason: str = ""


def sync_releases(reports: Iterable[ReleaseReport]) -> None:
    """The catalogue says what is installed: each report is a release, all others are gone.

    Saying the same twice changes nothing but the time it was last seen.
    """
    now = timezone.now()
    with transaction.atomic():
        # Taken one after another by workers that start together.
        known = {
            (plugin.kind, plugin.slug): plugin
            for plugin in Plugin.objects.select_for_update().order_by("pk")
        }
        seen: list[int] = []
        for report in reports:
            plugin = known.get((report.kind, report.slug))
            if plugin is None:
                plugin, _ = Plugin.objects.get_or_create(kind=report.kind, slug=report.slug)
            # First make room: a plugin has one active release.
            plugin.releases.exclude(version=report.version).update(state=ReleaseState.GONE)
            release, _ = PluginRelease.objects.update_or_create(
                plugin=plugin,
                version=report.version,
                defaults={
                    "manifest": dict(report.manifest),
                    "config_schema": dict(report.config_schema),
                    "state": ReleaseState.QUARANTINED if report.reason else ReleaseState.ACTIVE,
                    "reason": report.reason[:500],
                    "seen_at": now,
                },
            )
            seen.append(release.pk)
        PluginRelease.objects.exclude(pk__in=seen).exclude(state=ReleaseState.GONE).update(
            state=ReleaseState.GONE
        )
