"""Telling the portal which plugins the workers can run."""

import structlog
from celery.signals import worker_ready

from altiplano.catalog.domain.releases import ReleaseReport, sync_releases
from altiplano_worker.app import app
from altiplano_worker.runtime.loader import GROUP_PREFIX, PluginRegistry, installed_plugins

log = structlog.get_logger(__name__)

SYNC_TASK = "altiplano.catalog.sync_releases"


@app.task(name=SYNC_TASK)
def sync_catalogue() -> None:
    """The catalogue says what this worker has loaded, and why the rest is quarantined."""
    sync_releases(reports_of(installed_plugins()))


def reports_of(registry: PluginRegistry) -> list[ReleaseReport]:
    loaded = [
        ReleaseReport(
            kind=str(plugin.manifest.kind),
            slug=plugin.manifest.id,
            version=plugin.manifest.version,
            manifest=plugin.manifest.model_dump(mode="json"),
            config_schema=plugin.config_schema(),
        )
        for plugin in registry.plugins.values()
    ]
    known = {(report.kind, report.slug) for report in loaded}
    broken = [
        ReleaseReport(
            kind=plugin.group.removeprefix(GROUP_PREFIX),
            slug=plugin.name,
            version="0.0.0",
            manifest={},
            config_schema={},
            reason=plugin.reason,
        )
        for plugin in registry.quarantined
    ]
    return loaded + [report for report in broken if (report.kind, report.slug) not in known]


@worker_ready.connect
def request_sync(**_: object) -> None:
    """Once per started worker; as a task, so that the parent of forked workers loads no plugin."""
    try:
        app.send_task(SYNC_TASK, queue="upkeep", ignore_result=True, expires=600)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
        log.warning("catalogue.sync_not_requested", error=type(error).__name__)
