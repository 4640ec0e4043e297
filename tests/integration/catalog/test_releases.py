"""The catalogue follows what the workers have loaded."""

from typing import Any

import pytest

from altiplano.catalog.domain.releases import ReleaseReport, sync_releases
from altiplano.catalog.models import Plugin, PluginRelease, ReleaseState
from altiplano_worker.runtime.loader import PluginRegistry, QuarantinedPlugin, installed_plugins
from altiplano_worker.tasks.catalogue import reports_of, sync_catalogue

pytestmark = pytest.mark.django_db


def report(version: str = "1.0.0", reason: str = "", slug: str = "pdf") -> ReleaseReport:
    return ReleaseReport("parser", slug, version, {"title": "PDF"}, {"type": "object"}, reason)


def states() -> dict[str, str]:
    return dict(PluginRelease.objects.values_list("version", "state"))


def test_everything_installed_is_in_the_catalogue():
    sync_catalogue()
    active = PluginRelease.objects.filter(state=ReleaseState.ACTIVE)
    assert active.count() == len(installed_plugins().plugins) > 0
    hybrid = active.get(plugin__slug="hybrid")
    assert hybrid.manifest["kind"] == "retriever"
    assert hybrid.config_schema["properties"]["k"]["default"]


def test_saying_the_same_twice_changes_nothing():
    def stored() -> list[dict[str, Any]]:
        # In order of id: PostgreSQL gives rows that were written again in another order.
        rows = PluginRelease.objects.order_by("id")
        return list(rows.values("id", "version", "state", "manifest", "config_schema"))

    sync_catalogue()
    before = stored()
    sync_catalogue()
    assert stored() == before


def test_new_version_takes_the_place_of_the_old_one_and_may_be_taken_back():
    sync_releases([report("1.0.0")])
    sync_releases([report("1.1.0")])
    assert states() == {"1.0.0": "gone", "1.1.0": "active"}
    sync_releases([report("1.0.0")])
    assert states() == {"1.0.0": "active", "1.1.0": "gone"}
    assert Plugin.objects.count() == 1


def test_plugin_that_is_no_longer_installed_is_gone():
    sync_releases([report(), report(slug="docx")])
    sync_releases([report(slug="docx")])
    assert PluginRelease.objects.get(plugin__slug="pdf").state == ReleaseState.GONE


def test_broken_plugin_is_quarantined_with_its_reason():
    broken = QuarantinedPlugin("altiplano.parser", "odd", "ImportError: no module " + "x" * 600)
    registry = PluginRegistry(plugins={}, quarantined=(broken,))
    sync_releases(reports_of(registry))
    release = PluginRelease.objects.get()
    assert (release.plugin.kind, release.plugin.slug, release.state) == (
        "parser",
        "odd",
        ReleaseState.QUARANTINED,
    )
    assert release.reason.startswith("ImportError")
    assert len(release.reason) == 500
