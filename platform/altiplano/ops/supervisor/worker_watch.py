"""Which part to replace when work lies on a queue and nobody takes it. Pure: the clock is given."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

BEAT: Final = "beat"
"""The part that asks every worker for its proof of life."""
SLEPT: Final = 4.0
"""So many times longer than usual between two looks: the machine slept, not the parts."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """``part`` is to be replaced; ``why`` completes the sentence that begins with its name."""

    part: str
    why: str


@dataclass
class WorkerWatch:
    """Told again and again which queues are silent, it names a part that has been so too long.

    ``parts`` says which part consumes a queue. When all queues are silent at once, the likeliest
    culprit is whoever asks for the proofs; only if that was replaced in vain are the workers.
    """

    parts: Mapping[str, str]
    patience: float
    every: float
    _since: dict[str, float] = field(default_factory=dict)
    _looked: float | None = None
    _has_replaced_beat: bool = False

    def forget(self) -> None:
        """Nothing is known of the queues at the moment, so nobody is to blame."""
        self._since.clear()

    def look(self, silent: AbstractSet[str], now: float) -> Stuck | None:
        """What is to be replaced now; the count of the part begins anew then."""
        if self._looked is not None and now - self._looked > SLEPT * self.every + self.patience:
            self.forget()
        self._looked = now
        silent = silent & self.parts.keys()
        self._since = {queue: self._since.get(queue, now) for queue in sorted(silent)}
        if not silent:
            self._has_replaced_beat = False
        late = [queue for queue, since in self._since.items() if now - since >= self.patience]
        if not late:
            return None
        if silent == self.parts.keys() and not self._has_replaced_beat:
            self._has_replaced_beat = True
            self.forget()
            return Stuck(BEAT, "has asked no worker for a proof of life")
        part = self.parts[late[0]]
        for queue in [queue for queue in self._since if self.parts[queue] == part]:
            del self._since[queue]
        return Stuck(part, f"lives but takes nothing from the queue {late[0]!r}")
