"""Keeping the platform moving: the sweeper and the proofs of life."""

from altiplano.kernel import jobs, queries
from altiplano_worker.app import app


@app.task(name="altiplano.kernel.beat")
def beat(queue: str) -> None:
    """Prove that a worker consumes ``queue``: only the worker itself can write this row."""
    queries.beat(f"queue:{queue}")


@app.task(name="altiplano.kernel.sweep_jobs")
def sweep_jobs() -> None:
    jobs.sweep_jobs()
