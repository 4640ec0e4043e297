"""Keeping the platform moving: the sweeper and the proofs of life."""

from collections.abc import Callable, Mapping
from typing import Final

from altiplano.kernel import jobs, queries
from altiplano.knowledge.domain.compaction import fail_compaction_job
from altiplano.knowledge.domain.indexing import fail_index_job
from altiplano.knowledge.domain.ingestion import fail_parse_job
from altiplano.knowledge.domain.orphans import remove_orphans
from altiplano.knowledge.specs import CompactIndex, IndexCollection, ParseDocument
from altiplano.runs.jobs import ExecuteRun
from altiplano_worker.app import app
from altiplano_worker.tasks.runs import fail_run

FAIL_SUBJECT: Final[Mapping[str, Callable[[jobs.JobClaim], None]]] = {
    CompactIndex.task: fail_compaction_job,
    ExecuteRun.task: fail_run,
    IndexCollection.task: fail_index_job,
    ParseDocument.task: fail_parse_job,
}
"""By task: how the subject of a job learns that each attempt died without a word."""


@app.task(name="altiplano.kernel.beat")
def beat(queue: str) -> None:
    """Prove that a worker consumes ``queue``: only the worker itself can write this row."""
    queries.beat(f"queue:{queue}")


@app.task(name="altiplano.kernel.sweep_jobs")
def sweep_jobs() -> None:
    """Every job moves again, and whoever waits for a dead one hears of it."""
    for claim in jobs.sweep_jobs().exhausted:
        FAIL_SUBJECT[claim.task](claim)


@app.task(name="altiplano.knowledge.remove_orphans")
def remove_orphan_files() -> None:
    """The disk holds nothing that the database does not know."""
    remove_orphans()
