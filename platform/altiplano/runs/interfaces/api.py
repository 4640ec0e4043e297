"""REST routes of this area, mounted under ``/api/v1``."""

from collections.abc import Callable
from typing import Annotated, Any

from django.http.response import HttpResponseBase
from ninja import Query, Router, Status
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.accounts.principal import Principal
from altiplano.kernel.database_threads import once_per_commit, read_database, write_database
from altiplano.knowledge.queries import stored_bytes
from altiplano.runs import queries
from altiplano.runs.domain.cancelling import cancel_run
from altiplano.runs.domain.deciding import decide_call
from altiplano.runs.domain.feedback import give_feedback
from altiplano.runs.domain.quota import remaining_quota
from altiplano.runs.domain.starting import prepare_run
from altiplano.runs.interfaces.following import follow_run
from altiplano.runs.interfaces.schemas import (
    DecisionIn,
    FeedbackIn,
    FeedbackOut,
    MeOut,
    OrganizationOut,
    PersonOut,
    QuotaOut,
    RunIn,
    RunOut,
    RunSummaryOut,
)
from altiplano.runs.interfaces.sse import frame_run, stream_response
from altiplano.runs.models import Run, Verdict
from altiplano.runs.presence import announce
from altiplano.runs.relay import RunReader, current_relay
from altiplano.studio.models import App

router = Router(tags=["runs"])

EVENT_STREAM = {
    "responses": {
        200: {
            "description": "The run, or with `stream` its events.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
}
LastEventId = Annotated[str, Field(max_length=64)]


@router.get("/me", response=MeOut, summary="Who is asking, and what is left of today's quota")
def read_me(request: ApiRequest) -> MeOut:
    principal = request.auth
    quota = remaining_quota(principal.organization_id)
    return MeOut(
        user=PersonOut(id=str(principal.user_id), email=principal.user_label),
        organization=OrganizationOut(
            id=str(principal.organization_id), slug=principal.organization_slug
        ),
        role=principal.role,
        scopes=sorted(principal.scopes),
        quota=QuotaOut(
            runs_per_day=quota.runs_per_day,
            runs_used=quota.runs_used,
            runs_left=quota.runs_left,
            resets_at=quota.resets_at,
            storage_bytes=principal.limits.storage_bytes,
            storage_used=stored_bytes(principal.organization_id),
        ),
    )


@router.post(
    "/apps/{app_id}/runs", response=RunOut, summary="Ask an app", openapi_extra=EVENT_STREAM
)
async def create_run(request: ApiRequest, app_id: str, body: RunIn) -> Any:
    """The answer when it is complete, or with `stream` its events as they happen."""
    principal = request.auth
    if body.stream:
        return await stream_run(lambda: principal, app_id, body)
    begun = await current_relay().begin(
        lambda: principal, lambda asker: prepare_run_of(asker, app_id, body)
    )
    await read_to_the_end(begun.reader)
    return await read_database(lambda: queries.show_run(Run.unscoped.get(id=begun.run.id)))


async def stream_run(
    authenticate: Callable[[], Principal], app_id: str, body: RunIn
) -> HttpResponseBase:
    """The events of a new run. Raises DomainError before it begins."""
    begun = await current_relay().begin(
        authenticate, lambda asker: prepare_run_of(asker, app_id, body)
    )
    return stream_response(frame_run(begun.reader), begun.reader)


def prepare_run_of(principal: Principal, app_id: str, body: RunIn) -> Run:
    return prepare_run(
        principal=principal,
        app=once_per_commit(
            ("app", principal.organization_id, app_id),
            lambda: queries.get_app(principal, app_id),
        ),
        question=body.input,
        history=[message.model_dump() for message in body.history],
        version=body.version,
    )


async def read_to_the_end(reader: RunReader) -> None:
    """The run is over."""
    try:
        async for _ in reader:
            pass
    finally:
        reader.close()


@router.get("/apps/{app_id}/runs", response=list[RunSummaryOut], summary="List an app's runs")
def list_runs(
    request: ApiRequest,
    app_id: str,
    before: Annotated[str, Field(max_length=64, description="The id of a run")] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 50,
) -> list[RunSummaryOut]:
    """The newest first; `before` the last one of a page gives the next page."""
    request.auth.require("read")
    app = App.objects.get_within(request.auth.organization_id, app_id)
    runs = queries.runs_visible_to(request.auth).filter(app=app)
    if before is not None:
        runs = runs.filter(id__lt=queries.get_visible_run(request.auth, before).id)
    return [RunSummaryOut.of(run) for run in runs.order_by("-id")[:limit]]


@router.get("/runs/{run_id}", response=RunOut, summary="Read a run")
def read_run(request: ApiRequest, run_id: str) -> dict[str, Any]:
    return queries.show_run(queries.get_visible_run(request.auth, run_id))


@router.get(
    "/runs/{run_id}/events",
    summary="Follow a run",
    openapi_extra={
        "parameters": [
            {
                "in": "header",
                "name": "Last-Event-ID",
                "schema": {"type": "string"},
                "description": "Go on after this event.",
            }
        ],
        **EVENT_STREAM,
    },
)
async def follow_run_events(
    request: ApiRequest, run_id: str, last_event_id: Query[LastEventId | None] = None
) -> HttpResponseBase:
    """Server-sent events from the first one, or after the one named; 204 after the last one."""
    principal = request.auth
    run = await read_database(lambda: queries.get_visible_run(principal, run_id))
    wanted = request.headers.get("Last-Event-ID", last_event_id)
    return await follow_run(principal, run, after=wanted)


@router.post("/runs/{run_id}/cancel", response=RunOut, summary="Cancel a run")
async def cancel(request: ApiRequest, run_id: str) -> dict[str, Any]:
    """A run under way ends within moments; what it has said so far is kept."""
    principal = request.auth
    principal.require("run")
    run = await write_database(lambda: cancel_run(queries.get_visible_run(principal, run_id)))
    await announce(run.id, run.state)
    return await read_database(lambda: queries.show_run(run))


@router.post(
    "/runs/{run_id}/decision", response={201: RunOut}, summary="Decide about a waiting tool call"
)
def decide(request: ApiRequest, run_id: str, body: DecisionIn) -> Status[dict[str, Any]]:
    """A new run goes on where this one was left; follow it by its own id."""
    request.auth.require("run")
    run = queries.get_visible_run(request.auth, run_id)
    going_on = decide_call(principal=request.auth, run=run, is_yes=body.yes)
    return Status(201, queries.show_run(going_on))


@router.post("/runs/{run_id}/feedback", response=FeedbackOut, summary="Judge an answer")
def judge(request: ApiRequest, run_id: str, body: FeedbackIn) -> FeedbackOut:
    """One judgement per person; the last one counts."""
    request.auth.require("run")
    feedback = give_feedback(
        principal=request.auth,
        run=queries.get_visible_run(request.auth, run_id),
        verdict=body.verdict,
        reason=body.reason,
        comment=body.comment,
    )
    return FeedbackOut(
        verdict=Verdict(feedback.verdict), reason=feedback.reason, comment=feedback.comment
    )
