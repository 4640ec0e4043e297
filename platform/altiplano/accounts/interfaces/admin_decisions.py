"""What waits for an operator's decision: every area adds its own to the overview.

An area registers in its ``interfaces/admin.py``::

    @decision_source
    def reported_answers() -> Decision: ...
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Decision:
    """One kind of thing to decide: how many there are, and the page where they are decided."""

    label: str | Promise
    count: int
    address: str


Source = Callable[[], Decision]

_sources: list[Source] = []


def decision_source(source: Source) -> Source:
    """``source`` is asked each time the overview is shown: a query of its own, and a cheap one."""
    if source not in _sources:
        _sources.append(source)
    return source


def open_decisions() -> list[Decision]:
    """Of every source, those with anything to decide first."""
    return sorted((source() for source in _sources), key=lambda each: not each.count)
