"""The person's word about a call that cannot be undone: the run goes on where it was left."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.catalog.domain.running import plugins_for_run
from altiplano.kernel.errors import ConflictError, NotAllowedError
from altiplano.runs.domain.starting import accept_runs, rights_of
from altiplano.runs.models import Answer, Run
from altiplano.runs.usage_models import Door


def decide_call(*, principal: Principal, run: Run, is_yes: bool) -> Run:
    """A new run takes the place of ``run`` and goes on from its waiting call.

    It has everything pinned that ``run`` had, and the rights that its person has now. Only who
    asked decides, once. Raises NotAllowedError, ConflictError when nothing waits or it was decided
    already, or when a plugin must not run any more, and LimitReachedError.
    """
    principal.require("run")
    with transaction.atomic():
        answer = Answer.objects.select_for_update().filter(run_id=run.id).first()
        if answer is None or not answer.waiting:
            raise ConflictError(_("Nothing of this answer waits for a decision."))
        if run.user_id is None or run.user_id != principal.user_id:
            raise NotAllowedError(_("Only the person who asked decides about this."))
        if "is_yes" in answer.waiting:
            raise ConflictError(_("This was decided already."), code="decided_already")
        plugins_for_run(run.organization_id, run.spec.get("plugins", []))
        decided = {**answer.waiting, "is_yes": is_yes}
        answer.waiting = decided
        answer.save(update_fields=["waiting"])
        going_on = _going_on(principal, run, decided)
        (error,) = accept_runs([going_on])
        if error is not None:
            raise error
    return going_on


def _going_on(principal: Principal, run: Run, decision: dict[str, object]) -> Run:
    return Run(
        organization_id=run.organization_id,
        app_id=run.app_id,
        version_id=run.version_id,
        user_id=run.user_id,
        token_id=principal.token_id,
        door=run.door,
        conversation_id=run.conversation_id,
        previous_id=run.previous_id,
        question=run.question,
        history=run.history,
        spec={
            **run.spec,
            "rights": rights_of(principal, Door(run.door)),
            "decision": decision,
        },
    )
