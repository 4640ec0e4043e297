"""Which version of a document an organization still has to accept.

Plain rules over numbers and moments, so that they can be tested on every history there could be.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol, TypeVar


class PublishedVersion(Protocol):
    """What the rules look at; versions of one document differ in ``number``."""

    number: int
    requires_reconsent: bool
    effective_at: datetime | None


V = TypeVar("V", bound=PublishedVersion)


def version_in_force(versions: Iterable[V], at: datetime) -> V | None:
    """The highest number among those that have taken effect."""
    effective = [each for each in versions if each.effective_at and each.effective_at <= at]
    return max(effective, key=lambda each: each.number, default=None)


def is_bound(versions: Collection[V], accepted: Collection[int], at: datetime) -> bool:
    """Whether a consent to one of the ``accepted`` numbers still holds at that moment.

    It holds for its version and for later ones, up to the first that must be accepted anew. A
    consent to what is not in force yet holds from the day on which it is.
    """
    current = version_in_force(versions, at)
    if current is None:
        return False
    breaks = [
        each.number
        for each in versions
        if each.requires_reconsent and each.number <= current.number
    ]
    floor = max(breaks, default=0)
    return any(floor <= number <= current.number for number in accepted)


def missing_version(versions: Collection[V], accepted: Collection[int], at: datetime) -> V | None:
    """The version in force, when it is not accepted; None also while none is in force."""
    current = version_in_force(versions, at)
    return None if current is None or is_bound(versions, accepted, at) else current


def coming_version(versions: Collection[V], accepted: Collection[int], at: datetime) -> V | None:
    """The newest version that is public, not in force yet, and will be missing when it is."""
    newest = max(versions, key=lambda each: each.number, default=None)
    if newest is None or newest.effective_at is None or newest.effective_at <= at:
        return None
    return missing_version(versions, accepted, newest.effective_at)
