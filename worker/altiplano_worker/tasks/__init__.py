"""Importing this package registers every task."""

from altiplano_worker.tasks import (
    catalogue,
    evaluating,
    index,
    ingest,
    loading,
    pictures,
    plugin_checks,
    removal,
    runs,
    search,
    tool_servers,
    upkeep,
)

__all__ = [
    "catalogue",
    "evaluating",
    "index",
    "ingest",
    "loading",
    "pictures",
    "plugin_checks",
    "removal",
    "runs",
    "search",
    "tool_servers",
    "upkeep",
]
