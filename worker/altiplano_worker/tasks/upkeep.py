"""Keeping the platform moving: the sweeper and the proofs of life."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from altiplano.catalog.domain.checking import fail_check_job
from altiplano.catalog.specs import CheckRelease
from altiplano.challenges.domain.editions import freeze_begun_editions
from altiplano.kernel import job_logs, job_sweeping, jobs, queries
from altiplano.knowledge.domain.compaction import fail_compaction_job
from altiplano.knowledge.domain.deletion import fail_removal_job, resume_removals
from altiplano.knowledge.domain.indexing import fail_index_job
from altiplano.knowledge.domain.ingestion import fail_parse_job
from altiplano.knowledge.domain.loading import fail_load_job
from altiplano.knowledge.domain.orphans import remove_orphans
from altiplano.knowledge.domain.rereading import fail_rereading
from altiplano.knowledge.specs import (
    CompactIndex,
    IndexCollection,
    LoadSource,
    ParseDocument,
    ReadAgain,
    RemoveDocuments,
)
from altiplano.runs.domain.evaluating import fail_evaluation_job
from altiplano.runs.domain.visiting import forget_old_visits
from altiplano.runs.jobs import EvaluateRun, ExecuteRun
from altiplano_worker.app import app
from altiplano_worker.tasks.runs import fail_run

log = structlog.get_logger(__name__)

FAIL_SUBJECT: Final[Mapping[str, Callable[[jobs.JobClaim], None]]] = {
    CheckRelease.task: fail_check_job,
    CompactIndex.task: fail_compaction_job,
    EvaluateRun.task: fail_evaluation_job,
    ExecuteRun.task: fail_run,
    IndexCollection.task: fail_index_job,
    LoadSource.task: fail_load_job,
    ParseDocument.task: fail_parse_job,
    ReadAgain.task: fail_rereading,
    RemoveDocuments.task: fail_removal_job,
}
"""By task: how the subject of a job learns that each attempt died without a word."""


@app.task(name="altiplano.kernel.beat")
def beat(queue: str) -> None:
    """Prove that a worker consumes ``queue``: only the worker itself can write this row."""
    queries.beat(f"queue:{queue}")


@app.task(name="altiplano.kernel.sweep_jobs")
def sweep_jobs() -> None:
    """Every job moves again, and whoever waits for a dead one hears of it.

    One that cannot be told stands in nobody's way, and is tried again at the next sweep.
    """
    for claim in job_sweeping.sweep_jobs().exhausted:
        try:
            FAIL_SUBJECT.get(claim.task, fail_unknown)(claim)
        except Exception:
            log.exception("job.not_failed", task=claim.task, job=str(claim.job_id))


def fail_unknown(claim: jobs.JobClaim) -> None:
    """A job that only an older or a newer release knows is over."""
    jobs.fail_exhausted_job(claim, "This release does not know the task.")


@app.task(name="altiplano.kernel.forget_old_lines")
def forget_old_lines() -> None:
    """Jobs keep their log for two weeks."""
    job_logs.forget_old_lines()


@app.task(name="altiplano.challenges.freeze_begun_editions")
def freeze_editions() -> None:
    """An edition whose first phase has opened is on record as frozen, and stays so."""
    freeze_begun_editions()


@app.task(name="altiplano.runs.forget_old_visits")
def forget_visitors() -> None:
    """What visitors of public apps asked is kept no longer than their page says."""
    while forget_old_visits():
        pass


@app.task(name="altiplano.knowledge.remove_orphans")
def remove_orphan_files() -> None:
    """The disk holds nothing that the database does not know, nor the database what was deleted."""
    resume_removals()
    remove_orphans()
