"""The overview, its part that keeps itself fresh, and the page that holds a queue."""

from typing import Any, Final, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.models import HoldMode, QueueHold
from altiplano.kernel.queue_holds import hold_queue, open_queue
from altiplano.ops.day_chart import draw_days
from altiplano.ops.health import QUEUES
from altiplano.ops.overview import read_overview

RIGHT_TO_SEE: Final = "kernel.view_job"
RIGHT_TO_HOLD: Final = "ops.hold_queue"
FRESH_SECONDS: Final = 5


def overview_context(request: HttpRequest) -> dict[str, Any]:
    """What the overview and its fresh part show; for staff without the right, nothing."""
    user = cast("User", request.user)
    if not user.has_perm(RIGHT_TO_SEE):
        return {"overview": None}
    overview = read_overview()
    return {
        "overview": overview,
        "answers_chart": draw_days([(each.day, each.answers) for each in overview.days]),
        "tokens_chart": draw_days([(each.day, each.tokens) for each in overview.days]),
        "may_hold": user.has_perm(RIGHT_TO_HOLD),
        "may_retry": user.has_perm("kernel.change_job"),
        "fresh_seconds": FRESH_SECONDS,
    }


@require_safe
def show_fresh_part(request: HttpRequest) -> HttpResponse:
    """What the page puts in place of its own every few seconds."""
    return TemplateResponse(request, "ops/_overview.html", overview_context(request))


def change_queue(request: HttpRequest, queue: str, *, context: dict[str, Any]) -> HttpResponse:
    """The page that pauses, drains or opens a queue; a POST does it."""
    user = cast("User", request.user)
    if not user.has_perm(RIGHT_TO_HOLD):
        raise PermissionDenied
    hold = QueueHold.objects.filter(queue=queue).first()
    if queue not in QUEUES and hold is None:
        raise Http404
    problem, status = "", 200
    if request.method == "POST":
        try:
            _change(request, user, queue)
        except InvalidInputError as error:
            problem, status = str(error), 400
        else:
            return HttpResponseRedirect(reverse("admin:index"))
    context |= {
        "title": _("Queue %(name)s") % {"name": queue},
        "queue": queue,
        "hold": hold,
        "modes": HoldMode.choices,
        "mode": request.POST.get("mode", HoldMode.PAUSED),
        "reason": request.POST.get("reason", ""),
        "problem": problem,
    }
    return TemplateResponse(request, "ops/queue.html", context, status=status)


def _change(request: HttpRequest, user: User, queue: str) -> None:
    mode = request.POST.get("mode", "")
    with transaction.atomic():
        if mode == "open":
            changed, reason = open_queue(queue), ""
        else:
            reason = request.POST.get("reason", "")
            hold_queue(queue, mode=mode, held_by=user.email, reason=reason)
            changed = True
        if changed:
            record_event(
                principal=None,
                actor=user,
                organization_id=None,
                action=f"queue.{'opened' if mode == 'open' else mode}",
                object_type="queue",
                object_id=queue,
                data={"reason": reason.strip()} if reason else {},
            )
    messages.success(request, _("Done: queue %(name)s.") % {"name": queue})
