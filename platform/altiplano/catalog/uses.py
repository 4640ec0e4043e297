"""Who uses a package, as far as areas above this one know.

Apps are the business of the studio. It registers, when its app is ready, which apps name a plugin::

    register_uses(apps_that_name)
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Use:
    """An app that names the package: in its draft, in what is published, or both."""

    name: str
    address: str
    in_draft: bool
    published_with: str = ""
    """The version of the package that the published version is pinned to."""


UseSource = Callable[[uuid.UUID, str], Sequence[Use]]

_sources: Final[list[UseSource]] = []


def register_uses(source: UseSource) -> None:
    """The source is asked from now on, in place of an earlier one."""
    _sources[:] = [source]


def uses_of(organization_id: uuid.UUID, slug: str) -> Sequence[Use]:
    """What of the organization names the package."""
    return _sources[0](organization_id, slug) if _sources else ()
