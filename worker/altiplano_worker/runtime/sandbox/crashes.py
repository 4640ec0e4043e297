"""How often the process of a plugin stopped lately, and when that is too often."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A plugin that is left alone in one organization. ``because`` goes on after “its process”."""

    digest: str
    organization: str
    crashes: int
    because: str
    seconds: float


@dataclass(slots=True)
class CrashRecord:
    """The crashes of one process, and of those that took its place, within ``window`` seconds."""

    most: int
    window: float
    clock: Callable[[], float]
    times: deque[float] = field(default_factory=deque)

    def add(self) -> bool:
        """One more. True when it is the one that is too many."""
        self.times.append(self.clock())
        return self.count == self.most

    @property
    def count(self) -> int:
        """Those that are not forgotten yet."""
        while self.times and self.times[0] <= self.clock() - self.window:
            self.times.popleft()
        return len(self.times)

    @property
    def is_too_many(self) -> bool:
        return self.count >= self.most

    def forget(self) -> None:
        self.times.clear()
