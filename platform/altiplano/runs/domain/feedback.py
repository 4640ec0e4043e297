"""What people think of an answer."""

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.runs.models import TERMINAL_STATES, Feedback, FeedbackReason, Run, Verdict

MAX_COMMENT_CHARS = 2000


def give_feedback(
    *, principal: Principal, run: Run, verdict: str, reason: str = "", comment: str = ""
) -> Feedback:
    """This person's judgement of the run is ``verdict``; an earlier one of theirs is replaced.

    Raises InvalidInputError, or ConflictError while the run has no answer yet.
    """
    principal.require("run")
    if run.state not in TERMINAL_STATES:
        raise ConflictError("There is no answer to judge yet.", code="run_not_over")
    if verdict not in Verdict.values:
        raise InvalidInputError(
            "The verdict is “good” or “bad”.", fields={"verdict": "good or bad"}
        )
    if reason and reason not in FeedbackReason.values:
        raise InvalidInputError(
            f"The reason is one of: {', '.join(FeedbackReason.values)}.",
            fields={"reason": "unknown"},
        )
    if len(comment) > MAX_COMMENT_CHARS:
        raise InvalidInputError(
            f"The comment is too long; at most {MAX_COMMENT_CHARS:,} characters.",
            fields={"comment": f"at most {MAX_COMMENT_CHARS:,} characters"},
        )
    feedback, _ = Feedback.unscoped.update_or_create(
        run=run,
        user_id=principal.user_id,
        defaults={
            "organization_id": principal.organization_id,
            "verdict": verdict,
            "reason": reason,
            "comment": comment,
        },
    )
    return feedback
