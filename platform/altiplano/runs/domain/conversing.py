"""Questions as turns of a conversation, and what its owner does with the conversation."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.naming import read_name
from altiplano.runs.conversations import history_after, turns_up_to
from altiplano.runs.domain.starting import accept_runs
from altiplano.runs.models import TERMINAL_STATES, Conversation, Run

MAX_TITLE_CHARS: Final = 200
TITLE_CHARS: Final = 80
JUST_NOW: Final = timedelta(seconds=5)

Prepare = Callable[[Iterable[Mapping[str, Any]]], Run]
"""Makes a run, not stored yet, of a history: :func:`~altiplano.runs.domain.starting.prepare_run`."""


def ask_in_conversation(
    prepare: Prepare,
    *,
    previous: Run | None = None,
    instead_of: Run | None = None,
    is_trial: bool = False,
) -> Run:
    """The run that ``prepare`` makes is asked after ``previous``, or in the place of ``instead_of``.

    With neither it begins a conversation; one that is a trial stays out of the person's list until
    something is asked in it that is none. A form that is sent twice asks once: the second time, the
    run of the first comes back. The caller has checked that both runs are the same
    person's as the new one; of another app they are refused. Raises what ``prepare`` raises, and
    LimitReachedError; nothing is stored then.
    """
    if instead_of is not None:
        previous = instead_of.previous
    run = prepare(history_after(turns_up_to(previous)) if previous else [])
    origin = instead_of or previous
    if origin is not None and origin.app_id != run.app_id:
        raise InvalidInputError(_("That conversation is with another app."))
    run.previous = previous
    with transaction.atomic():
        run.conversation = _conversation_of(origin, run, is_trial=is_trial)
        (error,) = accept_runs([run])
        # Only now: accepting waits for others of the organization, who may have asked the same.
        if (twin := _asked_just_now(run)) is not None:
            transaction.set_rollback(True)  # nothing of the second asking stays
            return twin
        if error is not None:
            raise error
    return run


def _asked_just_now(run: Run) -> Run | None:
    """The same question of the same person at the same place, still to be answered."""
    whose = Q(user_id=run.user_id, visitor=run.visitor, previous_id=run.previous_id)
    return (
        Run.objects.within(run.organization_id)
        .filter(
            whose,
            app_id=run.app_id,
            version_id=run.version_id,
            question=run.question,
            conversation__isnull=False,
            created_at__gte=timezone.now() - JUST_NOW,
        )
        .exclude(Q(state__in=TERMINAL_STATES) | Q(pk=run.pk))
        .first()
    )


def _conversation_of(origin: Run | None, run: Run, *, is_trial: bool) -> Conversation:
    """The conversation of ``origin``, which may have begun outside of any, or a new one."""
    now = timezone.now()
    if origin is not None and origin.conversation_id is not None:
        going_on = Conversation.unscoped.filter(pk=origin.conversation_id)
        going_on.update(asked_at=now, **({} if is_trial else {"is_trial": False}))
        return Conversation.unscoped.get(pk=origin.conversation_id)
    conversation = Conversation.unscoped.create(
        organization_id=run.organization_id,
        app_id=run.app_id,
        user_id=run.user_id,
        title=title_of((origin or run).question),
        created_at=now,
        asked_at=now,
        is_trial=is_trial and origin is None,
    )
    if origin is not None:
        Run.unscoped.filter(pk=origin.pk).update(conversation=conversation)
    return conversation


def title_of(question: str) -> str:
    """The question in one line, cut at a word where it is long."""
    return Truncator(" ".join(question.split())).chars(TITLE_CHARS)


def rename_conversation(*, conversation: Conversation, title: str) -> None:
    """The conversation is called ``title``. Raises InvalidInputError."""
    conversation.title = read_name(title, maximum=MAX_TITLE_CHARS, field="title")
    conversation.save(update_fields=["title"])


def delete_conversation(*, conversation: Conversation) -> None:
    """Its questions and answers are gone, with what was thought and reported of them.

    What was counted for the organization stays counted. Raises ConflictError while an answer is
    still being written.
    """
    with transaction.atomic():
        under_way = (
            Run.unscoped.select_for_update()
            .filter(conversation=conversation)
            .exclude(state__in=TERMINAL_STATES)
            .exists()
        )
        if under_way:
            raise ConflictError(
                _("An answer in this conversation is still being written. Stop it first."),
                code="run_not_over",
            )
        conversation.delete()
