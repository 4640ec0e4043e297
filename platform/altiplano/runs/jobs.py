"""The background work of this area."""

from typing import ClassVar

from altiplano.kernel.jobs import JobSpec


class ExecuteRun(JobSpec):
    """Answer one question. ``subject_id`` is the run."""

    task: ClassVar[str] = "altiplano.runs.execute_run"
    queue: ClassVar[str] = "runs"


class EvaluateRun(JobSpec):
    """Let the evaluators of its app judge an answer that was given. ``subject_id`` is the run."""

    task: ClassVar[str] = "altiplano.runs.evaluate_run"
    queue: ClassVar[str] = "runs"
