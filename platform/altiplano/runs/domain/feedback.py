"""What people think of an answer.

``principal`` is None for the visitor of a public app; the caller has made sure that the run is
theirs.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.runs.domain.usage import count_judgement
from altiplano.runs.models import TERMINAL_STATES, Feedback, FeedbackReason, Run, Verdict

MAX_COMMENT_CHARS = 2000


def give_feedback(
    *, principal: Principal | None, run: Run, verdict: str, reason: str = "", comment: str = ""
) -> Feedback:
    """This person's judgement of the run is ``verdict``; an earlier one of theirs is replaced.

    Raises InvalidInputError, or ConflictError while the run has no answer yet.
    """
    if principal is not None:
        principal.require("run")
    if run.state not in TERMINAL_STATES:
        raise ConflictError(_("There is no answer to judge yet."), code="run_not_over")
    if verdict not in Verdict.values:
        raise InvalidInputError(
            _("The verdict is “good” or “bad”."), fields={"verdict": _("good or bad")}
        )
    if reason and reason not in FeedbackReason.values:
        raise InvalidInputError(
            _("The reason is one of: %(values)s."),
            params={"values": ", ".join(FeedbackReason.values)},
            fields={"reason": _("unknown reason")},
        )
    if len(comment) > MAX_COMMENT_CHARS:
        raise InvalidInputError(
            _("The comment is too long; at most %(limit)s characters."),
            params={"limit": MAX_COMMENT_CHARS},
            fields={"comment": _("at most %(limit)s characters")},
        )
    with transaction.atomic():
        before = _verdict_of(principal, run)
        feedback, _created = Feedback.unscoped.update_or_create(
            run=run,
            user_id=whose(principal),
            defaults={
                "organization_id": run.organization_id,
                "verdict": verdict,
                "reason": reason,
                "comment": comment,
            },
        )
        count_judgement(run, before=before, after=verdict)
    return feedback


def _verdict_of(principal: Principal | None, run: Run) -> str | None:
    """The judgement as it stands, which nobody changes until the transaction is over."""
    own = Feedback.objects.within(run.organization_id).filter(run=run, user_id=whose(principal))
    return own.select_for_update().values_list("verdict", flat=True).first()


def withdraw_feedback(*, principal: Principal | None, run: Run) -> None:
    """This person has no judgement of the run any more; without one, nothing changes."""
    if principal is not None:
        principal.require("run")
    with transaction.atomic():
        before = _verdict_of(principal, run)
        Feedback.objects.within(run.organization_id).filter(
            run=run, user_id=whose(principal)
        ).delete()
        count_judgement(run, before=before, after=None)


def whose(principal: Principal | None) -> Any:
    """What the column ``user`` holds for this reader."""
    return principal.user_id if principal else None
