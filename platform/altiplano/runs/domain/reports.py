"""An answer is reported, and somebody looks at it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.runs.domain.feedback import whose
from altiplano.runs.models import TERMINAL_STATES, Report, ReportReason, ReportState, Run

MAX_REPORT_CHARS = 2000


def report_answer(*, principal: Principal | None, run: Run, reason: str, text: str = "") -> Report:
    """There is one open report of this person on the run, saying this.

    ``principal`` is None for the visitor of a public app, whose run it is. Raises InvalidInputError,
    or ConflictError while there is nothing to report.
    """
    if principal is not None:
        principal.require("run")
    if run.state not in TERMINAL_STATES:
        raise ConflictError(_("There is no answer to report yet."), code="run_not_over")
    if reason not in ReportReason.values:
        raise InvalidInputError(
            _("Choose what is wrong with the answer."), fields={"reason": _("choose one")}
        )
    _check_text(text)
    with transaction.atomic():
        Run.unscoped.select_for_update().get(pk=run.pk)  # two clicks are one report
        report, _created = Report.unscoped.update_or_create(
            run=run,
            user_id=whose(principal),
            state=ReportState.OPEN,
            defaults={
                "organization_id": run.organization_id,
                "reason": reason,
                "text": text.strip(),
            },
        )
    return report


def close_report(*, principal: Principal, report: Report, note: str = "") -> Report:
    """Somebody has looked at it, and says in ``note`` what came of it. Closing twice changes nothing.

    Raises NotAllowedError or InvalidInputError.
    """
    principal.require("write")
    _check_text(note)
    with transaction.atomic():
        locked = Report.unscoped.select_for_update().get(pk=report.pk)
        if locked.state == ReportState.CLOSED:
            return locked
        locked.state = ReportState.CLOSED
        locked.note = note.strip()
        locked.closed_at = timezone.now()
        locked.closed_by_id = principal.user_id
        locked.save(update_fields=["state", "note", "closed_at", "closed_by"])
        record_event(
            principal=principal,
            organization_id=locked.organization_id,
            action="report.closed",
            object_type="report",
            object_id=locked.id,
            data={"run": str(locked.run_id), "reason": locked.reason},
        )
    return locked


def _check_text(text: str) -> None:
    if len(text) > MAX_REPORT_CHARS:
        raise InvalidInputError(
            _("The text is too long; at most %(limit)s characters."),
            params={"limit": MAX_REPORT_CHARS},
            fields={"text": _("at most %(limit)s characters")},
        )
