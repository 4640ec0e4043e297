"""Importing this package registers every task."""

from altiplano_worker.tasks import upkeep

__all__ = ["upkeep"]
