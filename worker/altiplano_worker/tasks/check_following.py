"""A check of a plugin, followed from outside: its lease is kept, its progress told, its end seen to."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final, TypeVar

from altiplano.catalog.domain.checking import tell_progress
from altiplano.catalog.package_models import CheckStep
from altiplano.kernel.jobs import JobClaim, LostClaimError
from altiplano_worker.tasks.leases import LeaseWatch

T = TypeVar("T")

LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Progress:
    step: CheckStep
    done: int = 0
    total: int = 0


class CheckFollower:
    """Runs the parts of one check, each on a thread of its own, until the claim is lost.

    The database is spoken to by the thread that made the follower, and by no other.
    """

    def __init__(self, claim: JobClaim) -> None:
        self._claim = claim
        self._watch = LeaseWatch(claim)
        self._unwanted = Event()
        self._progress = self._told = Progress(CheckStep.WAITING)

    def is_unwanted(self) -> bool:
        """True once nobody waits for the outcome. For the part itself, on its own thread."""
        return self._unwanted.is_set()

    def tell(self, step: CheckStep, done: int = 0, total: int = 0) -> None:
        """How far the check is. For the part itself; whoever looks sees it within a moment."""
        self._progress = Progress(step, done, total)

    def run(self, part: Callable[[], T]) -> T:
        """What ``part`` returns or raises. Nothing of it goes on once this has returned.

        Raises LostClaimError, after the part has ended, when the release was withdrawn or the job
        is another worker's.
        """
        future = in_background(part)
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                if future.done():  # it is the part's own TimeoutError
                    raise
            if self._watch.is_lost():
                self._unwanted.set()
                future.exception()  # its end, whichever it is
                raise LostClaimError
            if self._progress != self._told:
                self._told = self._progress
                told = self._told
                tell_progress(self._claim.subject_id, told.step, done=told.done, total=told.total)


def in_background(call: Callable[[], T]) -> Future[T]:
    """The call runs on a thread of its own, while the caller keeps its lease."""
    future: Future[T] = Future()

    def run() -> None:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is read
                future.set_exception(error)

    Thread(target=run, name="plugin-check", daemon=True).start()
    return future
