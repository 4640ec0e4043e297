"""A run is called off."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import DomainError
from altiplano.runs.domain.usage import count_runs, ended_without_answer
from altiplano.runs.models import TERMINAL_STATES, Run, RunState


class RunIsOverError(DomainError):
    """Too late to cancel."""

    status = 409
    code = "run_is_over"


def cancel_run(run: Run) -> Run:
    """The run is cancelled if it still waited, else its worker is asked to stop.

    Cancelling twice changes nothing; a run that has ended otherwise raises RunIsOverError. The
    caller tells the readers or the worker afterwards (``event_log.announce_cancel``).
    """
    with transaction.atomic():
        is_over = Run.unscoped.filter(id=run.id, state=RunState.QUEUED).update(
            state=RunState.CANCELLED, is_cancel_requested=True, finished_at=timezone.now()
        )
        Run.unscoped.filter(id=run.id, state=RunState.RUNNING).update(is_cancel_requested=True)
        run.refresh_from_db(fields=["state", "is_cancel_requested", "finished_at"])
        if is_over:
            count_runs([ended_without_answer(run)])
    if run.state in TERMINAL_STATES and run.state != RunState.CANCELLED:
        raise RunIsOverError(
            _("This run is over already; its state is: %(state)s."),
            params={"state": RunState(run.state).label},
        )
    return run
