"""Importing this package registers every task."""

from altiplano_worker.tasks import catalogue, index, ingest, removal, runs, search, upkeep

__all__ = ["catalogue", "index", "ingest", "removal", "runs", "search", "upkeep"]
