"""The app that the first page lets strangers try, and what else areas have to say there.

The page belongs to no area and knows none: whoever serves public apps registers how one is found, and
an area with news for everybody registers how it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class LandingApp:
    """What is said of the app. A POST of ``input`` to ``address`` asks it."""

    title: str
    organization: str
    address: str
    examples: tuple[str, ...]


LandingSource = Callable[[str], "LandingApp | None"]
"""Given ``organization/app``: that app, or None while strangers may not ask it."""


@dataclass(frozen=True, slots=True)
class LandingPart:
    """A part of the page: an area's own template, which finds ``context`` in ``part``."""

    template: str
    context: dict[str, Any]


PartSource = Callable[[], "LandingPart | None"]
"""The part as it is now, or None while there is nothing to tell."""

_sources: list[LandingSource] = []
_part_sources: list[PartSource] = []


def register_landing_source(source: LandingSource) -> None:
    """The source is asked from now on, in place of any other."""
    _sources[:] = [source]


def register_landing_part(source: PartSource) -> None:
    """The source is asked from now on, after those that were there before; each only once."""
    if source not in _part_sources:
        _part_sources.append(source)


def landing_parts() -> list[LandingPart]:
    """What areas have to tell strangers now."""
    parts = (source() for source in _part_sources)
    return [part for part in parts if part is not None]


def landing_app() -> LandingApp | None:
    """The app that the operator has chosen, while strangers may ask it."""
    if not settings.LANDING_APP or not _sources:
        return None
    return _sources[0](settings.LANDING_APP)
