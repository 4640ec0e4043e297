"""What people think of an answer."""

from django.utils.translation import gettext_lazy as _

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
    feedback, _created = Feedback.unscoped.update_or_create(
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
