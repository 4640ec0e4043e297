"""Trying the draft beside its pipeline.

Asking is the business of an area above this one. It registers, when its app is ready, what the page
of the builder shows of a trial::

    register_trial(trial_of)
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from altiplano.accounts.principal import Principal
from altiplano.studio.models import App


@dataclass(frozen=True, slots=True)
class Trial:
    """The templates of the trial and of what it needs in the page's head, with their context.

    ``run_id`` is the question that is shown last, None before the first one.
    """

    template: str
    head_template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    run_id: uuid.UUID | None = None


TrialSource = Callable[[Principal, App, str], Trial]
"""Given the id of a question to the draft as it stands in the address; one that nobody knows, or
that belongs to another app, is as good as none."""

_sources: Final[list[TrialSource]] = []


def register_trial(source: TrialSource) -> None:
    """The source is asked from now on, in place of an earlier one."""
    _sources[:] = [source]


def trial_for(principal: Principal, app: App, run_id: str) -> Trial | None:
    """The trial of the app's draft; None where nothing can be asked."""
    return _sources[0](principal, app, run_id) if _sources else None
