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

_sources: Final[dict[str, UseSource]] = {}


def register_uses(what: str, source: UseSource) -> None:
    """The source is asked from now on, in place of an earlier one about the same."""
    _sources[what] = source


def uses_of(organization_id: uuid.UUID, slug: str) -> Sequence[Use]:
    """What of the organization names the package: one query for each source."""
    return [use for source in _sources.values() for use in source(organization_id, slug)]
