"""A question is accepted: counted, pinned to what will answer it, and handed to the workers."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import TokenScope
from altiplano.accounts.principal import Principal
from altiplano.catalog.domain.running import plugins_for_run
from altiplano.kernel.database_threads import once_per_commit
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    LimitReachedError,
    NotFoundError,
)
from altiplano.kernel.jobs import create_jobs
from altiplano.knowledge.models import Collection
from altiplano.runs.domain.evaluating import answering_pins
from altiplano.runs.domain.questions import clean_history, clean_question
from altiplano.runs.domain.quota import quota_error, take_runs
from altiplano.runs.domain.sampling import Sampling, sample_pipeline
from altiplano.runs.jobs import ExecuteRun
from altiplano.runs.models import Run
from altiplano.runs.usage_models import Door
from altiplano.serving.domain.endpoints import choose_endpoint
from altiplano.studio.models import App, AppVersion
from altiplano.studio.plugins import pin_draft

VersionWish = Literal["draft"] | int | None
AS_THE_APP_SAYS = Sampling()


@dataclass(frozen=True, slots=True)
class Plan:
    """What of an app answers: a frozen version, or the draft when ``version`` is None.

    ``plugins`` pins those from outside.
    """

    version: AppVersion | None
    pipeline: dict[str, Any]
    collection_ids: tuple[uuid.UUID, ...]
    endpoint_id: uuid.UUID | None
    plugins: Sequence[Mapping[str, Any]] = ()


def start_run(
    *,
    principal: Principal,
    app: App,
    question: str,
    history: Iterable[Mapping[str, Any]] = (),
    version: VersionWish = None,
    sampling: Sampling = AS_THE_APP_SAYS,
    door: Door | None = None,
) -> Run:
    """The run is counted against today's quota, stored with all it needs, and queued.

    Raises what :func:`prepare_run` raises, and LimitReachedError; nothing is stored then.
    """
    run = prepare_run(
        principal=principal,
        app=app,
        question=question,
        history=history,
        version=version,
        sampling=sampling,
        door=door,
    )
    for error in accept_runs([run]):
        if error is not None:
            raise error
    return run


def prepare_run(
    *,
    principal: Principal,
    app: App,
    question: str,
    history: Iterable[Mapping[str, Any]] = (),
    version: VersionWish = None,
    sampling: Sampling = AS_THE_APP_SAYS,
    door: Door | None = None,
) -> Run:
    """A run that may be asked and has all it needs, not stored yet.

    ``version`` None asks what is published; ``"draft"`` or a number needs the scope ``write``.
    ``sampling`` holds as far as the app leaves it open (:func:`sample_pipeline`). Without a
    ``door``, people come through the portal and keys through the API. Raises
    NotAllowedError, InvalidInputError, ConflictError (nothing published, or a plugin that must not
    run any more), NotFoundError (no such version), NoEndpointError.
    """
    principal.require("run")
    question = clean_question(question)
    messages = clean_history(history)
    plan = plan_run(principal=principal, app=app, version=version)
    endpoint = once_per_commit(
        ("endpoint", principal.organization_id, plan.endpoint_id),
        lambda: choose_endpoint(
            organization_id=principal.organization_id, endpoint_id=plan.endpoint_id
        ),
    )
    plugins_for_run(principal.organization_id, answering_pins(plan.plugins))
    return Run(
        organization_id=principal.organization_id,
        app=app,
        version=plan.version,
        user_id=principal.user_id,
        token_id=principal.token_id,
        door=door or (Door.PORTAL if principal.token_id is None else Door.API),
        question=question,
        history=messages,
        spec={
            "pipeline": sample_pipeline(plan.pipeline, sampling),
            "collections": _pin_collections(principal.organization_id, plan.collection_ids),
            "endpoint": str(endpoint.id),
            "rights": rights_of(principal, door),
        }
        | ({"plugins": list(plan.plugins)} if plan.plugins else {}),
    )


def rights_of(principal: Principal, door: Door | None) -> list[str]:
    """How far the tools of a run reach: as far as who asks. Visitors of a public page change nothing."""
    return [] if door is Door.PUBLIC else sorted(principal.scopes & set(TokenScope.values))


def accept_runs(runs: Sequence[Run]) -> list[LimitReachedError | None]:
    """Prepared runs are counted, stored and queued, in as few statements as for one.

    For each run None, or why it was not: the quota of its organization was used up.
    """
    by_organization: dict[uuid.UUID, list[Run]] = {}
    for run in runs:
        by_organization.setdefault(run.organization_id, []).append(run)
    refused: dict[uuid.UUID, LimitReachedError] = {}
    with transaction.atomic():
        # In one order everywhere: the day's counts of two organizations are two locks.
        for organization_id, asked in sorted(by_organization.items()):
            granted = take_runs(organization_id, len(asked))
            if granted < len(asked):
                error = quota_error(organization_id)
                refused |= {run.id: error for run in asked[granted:]}
            accepted = asked[:granted]
            Run.unscoped.bulk_create(accepted)
            # One attempt: what was streamed of a first one cannot be unsaid by a second.
            create_jobs(
                [ExecuteRun(run.id, run.trace_parent) for run in accepted],
                organization_id=organization_id,
                max_attempts=1,
            )
    return [refused.get(run.id) for run in runs]


def plan_run(*, principal: Principal, app: App, version: VersionWish) -> Plan:
    """Which version of the app answers, after the right to ask it was checked."""
    if version is None:
        if app.published_version is None:
            raise ConflictError(
                _(
                    "This app is not published yet. Publish a version, or ask its draft with "
                    "“version”: “draft”."
                ),
                code="app_not_published",
            )
        return _plan_of(app.published_version)
    principal.require("write")
    if version == "draft":
        return Plan(
            version=None,
            pipeline=app.draft_pipeline,
            collection_ids=tuple(app.collections.values_list("id", flat=True)),
            endpoint_id=app.endpoint_id,
            plugins=pin_draft(app),
        )
    found = AppVersion.objects.within(app.organization_id).filter(app=app, number=version).first()
    if found is None:
        raise NotFoundError(
            _("This app has no version %(version)s."),
            params={"version": str(version)},
            code="version_not_found",
        )
    return _plan_of(found)


def _plan_of(version: AppVersion) -> Plan:
    return Plan(
        version=version,
        pipeline=version.pipeline,
        collection_ids=tuple(uuid.UUID(str(value)) for value in version.collection_ids),
        endpoint_id=version.endpoint_id,
        plugins=version.plugins,
    )


def _pin_collections(
    organization_id: uuid.UUID, collection_ids: tuple[uuid.UUID, ...]
) -> list[dict[str, Any]]:
    """Those of the collections that still exist, each with the generation to be searched."""
    if not collection_ids:
        return []
    found = list(
        Collection.objects.within(organization_id)
        .filter(id__in=collection_ids)
        .order_by("created_at", "id")
        .values("id", "index_generation")
    )
    if not found:
        raise InvalidInputError(
            _("The collections of this app were deleted. Give it another one to answer from."),
            code="collections_gone",
        )
    return [{"id": str(row["id"]), "generation": row["index_generation"]} for row in found]
