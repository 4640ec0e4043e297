"""Questions of visitors: bounded, answered by what is published, and forgotten after a while."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import LimitReachedError
from altiplano.runs.domain.conversing import ask_in_conversation
from altiplano.runs.domain.starting import prepare_run
from altiplano.runs.models import TERMINAL_STATES, Conversation, Run
from altiplano.runs.usage_models import Door
from altiplano.runs.visitors import Visitor, runs_of_app_by_visitors
from altiplano.studio.models import AppSharing

HOUR: Final = timedelta(hours=1)
FORGOTTEN_AT_ONCE: Final = 500


def ask_as_visitor(
    *,
    visitor: Visitor,
    question: str,
    previous: Run | None = None,
    instead_of: Run | None = None,
) -> Run:
    """The visitor's question is accepted, within what the app allows visitors.

    The caller has found both runs for this visitor. Raises what
    :func:`~altiplano.runs.domain.conversing.ask_in_conversation` raises, and LimitReachedError when
    the visitor's hour or everybody's day is used up; nothing is stored then.
    """
    public = visitor.public

    def prepare(history: object) -> Run:
        run = prepare_run(
            principal=visitor.principal,
            app=public.app,
            question=question,
            history=history,  # type: ignore[arg-type]
            door=Door.PUBLIC,
        )
        run.user_id = None
        run.visitor = visitor.id
        return run

    with transaction.atomic():
        # One question to this app after the other, so that a hundred at once are counted too.
        AppSharing.unscoped.select_for_update().get(pk=public.sharing.pk)
        _check_allowance(visitor)
        return ask_in_conversation(prepare, previous=previous, instead_of=instead_of)


def _check_allowance(visitor: Visitor) -> None:
    now = timezone.now()
    sharing = visitor.public.sharing
    recent = runs_of_app_by_visitors(visitor.public, now - HOUR).filter(visitor=visitor.id)
    times = list(
        recent.order_by("-created_at").values_list("created_at", flat=True)[
            : sharing.questions_per_visitor
        ]
    )
    if len(times) >= sharing.questions_per_visitor:
        raise LimitReachedError(
            _(
                "You have asked as much as a visitor may in an hour (%(limit)s). Your text is kept; ask "
                "again a little later."
            ),
            params={"limit": sharing.questions_per_visitor},
            code="visitor_limit",
            retry_after=max(1, int((times[-1] + HOUR - now).total_seconds())),
        )
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if runs_of_app_by_visitors(visitor.public, midnight).count() >= sharing.questions_per_day:
        raise LimitReachedError(
            _("No more questions are answered here today. Come back tomorrow."),
            code="public_limit",
            retry_after=max(1, int((midnight + timedelta(days=1) - now).total_seconds())),
        )


def forget_old_visits() -> int:
    """Conversations of visitors that rested for ``VISITOR_DAYS`` are gone; how many these were.

    What was counted of them stays counted.
    """
    limit = timezone.now() - timedelta(days=settings.VISITOR_DAYS)
    old = Conversation.unscoped.filter(user=None, asked_at__lt=limit)
    resting = old.exclude(
        runs__in=Run.unscoped.exclude(state__in=TERMINAL_STATES).values("id")
    ).order_by("asked_at")
    ids = list(resting.values_list("id", flat=True)[:FORGOTTEN_AT_ONCE])
    Conversation.unscoped.filter(id__in=ids).delete()
    return len(ids)
