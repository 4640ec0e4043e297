"""Who uses a package, as far as areas above this one know.

Apps are the business of the studio, collections that of knowledge. Each registers, when it is ready,
what of its own names a plugin::

    register_uses("apps", apps_that_name)
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Use:
    """What names the package: an app in its draft, in what is published, or both; or a collection."""

    name: str
    address: str
    in_draft: bool = False
    published_with: str = ""
    """The version of the package that the published version of an app is pinned to."""
    reads_with: str = ""
    """The version that a collection's documents are read with."""


UseSource = Callable[[uuid.UUID, str], Sequence[Use]]
AppCount = Callable[[str], int]
"""How many apps of all organizations are published with the package of this id: a number, no names."""

_sources: Final[dict[str, UseSource]] = {}
_app_counts: Final[list[AppCount]] = []


def register_uses(what: str, source: UseSource) -> None:
    """The source is asked from now on, in place of an earlier one about the same."""
    _sources[what] = source


def uses_of(organization_id: uuid.UUID, slug: str) -> Sequence[Use]:
    """What of the organization names the package: one query for each source."""
    return [use for source in _sources.values() for use in source(organization_id, slug)]


def register_app_count(count: AppCount) -> None:
    """The count is asked from now on; registering it again changes nothing."""
    if count not in _app_counts:
        _app_counts.append(count)


def published_apps_with(slug: str) -> int:
    """How many published apps of all organizations are pinned to a release of the package."""
    return sum(count(slug) for count in _app_counts)
