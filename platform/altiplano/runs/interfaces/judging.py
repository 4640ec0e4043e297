"""What a reader posts about an answer, whoever the reader is."""

from django.http import HttpRequest

from altiplano.accounts.principal import Principal
from altiplano.runs.domain.feedback import give_feedback, withdraw_feedback
from altiplano.runs.domain.reports import report_answer
from altiplano.runs.models import Run


def take_judgement(request: HttpRequest, principal: Principal | None, run: Run) -> None:
    """``verdict``, ``reason`` and ``comment`` are the reader's; an empty verdict takes it back.

    ``principal`` is None for the visitor who asked. Raises DomainError.
    """
    verdict = request.POST.get("verdict", "")
    if not verdict:
        withdraw_feedback(principal=principal, run=run)
        return
    give_feedback(
        principal=principal,
        run=run,
        verdict=verdict,
        reason=request.POST.get("reason", ""),
        comment=request.POST.get("comment", "").strip(),
    )


def take_report(request: HttpRequest, principal: Principal | None, run: Run) -> None:
    """The answer is reported for ``reason`` with ``text``. Raises DomainError."""
    report_answer(
        principal=principal,
        run=run,
        reason=request.POST.get("reason", ""),
        text=request.POST.get("text", ""),
    )
