"""Questions that arrive together are accepted together."""

from collections.abc import Callable
from dataclasses import dataclass, field

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError
from altiplano.kernel.tracing import current_trace_parent
from altiplano.runs.domain.starting import accept_runs
from altiplano.runs.limits import open_streams
from altiplano.runs.models import Run


@dataclass(slots=True)
class Request:
    """Who asks, and what. Both are called off the event loop and may raise a DomainError.

    ``place`` is whose place among the open answers the request has taken; whoever made the request
    gives it back. ``trace_parent`` is where it stood when it came; here it is another thread.
    """

    authenticate: Callable[[], Principal]
    prepare: Callable[[Principal], Run]
    place: Principal | None = None
    trace_parent: str = field(default_factory=current_trace_parent)


@dataclass(frozen=True, slots=True)
class Accepted:
    run: Run
    principal: Principal


def accept_together(requests: list[Request]) -> list[Accepted | DomainError]:
    """Each request is stored as a run, or answered with why not. In the caller's transaction."""
    answers: list[Accepted | DomainError] = [_prepare(request) for request in requests]
    waiting = [
        (index, answer) for index, answer in enumerate(answers) if isinstance(answer, Accepted)
    ]
    errors = accept_runs([answer.run for _, answer in waiting])
    for (index, _), error in zip(waiting, errors, strict=True):
        if error is not None:
            answers[index] = error
    return answers


def _prepare(request: Request) -> Accepted | DomainError:
    try:
        principal = request.authenticate()
        open_streams.take(principal)
        request.place = principal
        run = request.prepare(principal)
        run.trace_parent = request.trace_parent
        return Accepted(run, principal)
    except DomainError as error:
        return error
