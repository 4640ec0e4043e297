"""Importing this package registers every task."""

from altiplano_worker.tasks import runs, upkeep

__all__ = ["runs", "upkeep"]
