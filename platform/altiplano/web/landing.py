"""The app that the first page lets strangers try.

The page belongs to no area and knows none: whoever serves public apps registers how one is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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

_sources: list[LandingSource] = []


def register_landing_source(source: LandingSource) -> None:
    """The source is asked from now on, in place of any other."""
    _sources[:] = [source]


def landing_app() -> LandingApp | None:
    """The app that the operator has chosen, while strangers may ask it."""
    if not settings.LANDING_APP or not _sources:
        return None
    return _sources[0](settings.LANDING_APP)
