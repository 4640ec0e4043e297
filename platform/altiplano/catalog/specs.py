"""The background work of this area, by name; the code is in the worker."""

from dataclasses import dataclass
from typing import ClassVar

from altiplano.kernel.jobs import JobSpec


@dataclass(frozen=True, slots=True)
class CheckRelease(JobSpec):
    """Check an uploaded release of a package and try it in the sandbox; the subject is the release."""

    task: ClassVar[str] = "altiplano.catalog.check_release"
    queue: ClassVar[str] = "checks"
