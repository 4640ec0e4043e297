"""Answering questions. The thread of a task only waits; the work is on the process's loop."""

from altiplano.kernel.jobs import JobClaim
from altiplano.runs import event_log
from altiplano.runs.domain.execution import fail_run_job
from altiplano.runs.jobs import ExecuteRun
from altiplano_worker.app import app
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.tasks.run_process import RunProcess

process = RunProcess()


@app.task(name=ExecuteRun.task)
def execute_run(job_id: str) -> None:  # noqa: ARG001 - a hint that something waits
    process_loop.run(process.take_runs())


def fail_run(claim: JobClaim) -> None:
    """The run whose worker died has failed, and its readers know."""
    run = fail_run_job(claim)
    if run is not None:
        event_log.append_terminal_event(
            run.id, {"type": "run.failed", "code": run.error_code, "message": run.error_message}
        )
