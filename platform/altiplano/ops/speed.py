"""How fast the engines write, as the stored answers say."""

import time
from dataclasses import dataclass
from typing import Final

from altiplano.kernel.ids import first_id_at
from altiplano.runs.models import Answer, RunState

SPEED_SECONDS: Final = 300
SPEED_ANSWERS: Final = 2000


@dataclass(frozen=True, slots=True)
class Speed:
    """Of all engines in the last minutes: tokens a second in all, and of one answer alone."""

    in_all: float
    of_one: float
    answers: int


def read_speed() -> Speed:
    """From the newest answers, found by the time in their ids."""
    since = first_id_at(time.time() - SPEED_SECONDS)
    recent = list(
        Answer.objects.filter(run_id__gte=since, run__state=RunState.FINISHED)
        .order_by("-run_id")
        .values_list("completion_tokens", "timings")[:SPEED_ANSWERS]
    )
    tokens = sum(count for count, _ in recent)
    seconds = sum(float(timings.get("generate_ms") or 0) for _, timings in recent) / 1000
    return Speed(
        in_all=tokens / SPEED_SECONDS,
        of_one=tokens / seconds if seconds else 0.0,
        answers=len(recent),
    )
