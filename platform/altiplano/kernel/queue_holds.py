"""Pausing and draining a queue: the workers are handed nothing, or only what waited before.

The hold is a row, looked at by each claim, so it survives every restart and binds every worker at
once. What runs already goes on to its end: that is how a queue becomes empty.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.jobs import HINTS_PER_SWEEP, publish_on_commit
from altiplano.kernel.models import HoldMode, Job, JobState, QueueHold


def hold_queue(queue: str, *, mode: str, held_by: str, reason: str) -> QueueHold:
    """Workers take nothing more from the queue, or only what waits now. Raises InvalidInputError.

    Holding it again changes the mode and, when that differs, since when.
    """
    if mode not in HoldMode.values:
        raise InvalidInputError(_("A queue is paused or draining."))
    reason = reason.strip()
    if not reason:
        raise InvalidInputError(_("Say why, for whoever finds the queue held."))
    with transaction.atomic():
        before = QueueHold.objects.select_for_update().filter(queue=queue, mode=mode).first()
        hold, _made = QueueHold.objects.update_or_create(
            queue=queue,
            defaults={
                "mode": mode,
                "since": before.since if before else timezone.now(),
                "held_by": held_by,
                "reason": reason[:300],
            },
        )
    return hold


def open_queue(queue: str) -> bool:
    """The queue is handed out again, beginning at once; False when it was open."""
    with transaction.atomic():
        deleted, _details = QueueHold.objects.filter(queue=queue).delete()
        if not deleted:
            return False
        waiting = Job.objects.filter(
            queue=queue, state=JobState.QUEUED, run_after__lte=timezone.now()
        ).order_by("created_at")[:HINTS_PER_SWEEP]
        for job in waiting:
            publish_on_commit(job)
    return True
