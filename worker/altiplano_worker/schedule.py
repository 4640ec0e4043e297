"""When beat publishes the schedule, also on a machine whose clock is set."""

from typing import Any

from celery.beat import PersistentScheduler


class SteadyScheduler(PersistentScheduler):
    """Keeps its pace when the clock is set back.

    Celery's own would be silent until the clock has caught up with the last time it ran: no sweep,
    no proof of life, for as long as the clock was wrong. A clock that jumps ahead only makes
    everything due at once.
    """

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """At most one due task is published; seconds until the next look."""
        self._forget_future_times()
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def _forget_future_times(self) -> None:
        """What ran last at a time that has not come yet ran last just now."""
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at is not None and entry.last_run_at > now:
                entry.last_run_at = now
                self._heap = None  # it is ordered by the old clock
