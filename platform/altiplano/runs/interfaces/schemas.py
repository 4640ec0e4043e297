"""What the routes of runs take in and give out."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.schemas import RequestBody, ResponseBody
from altiplano.runs.models import FeedbackReason, RunState, Verdict

MAX_SENT_MESSAGES = 200


class MessageIn(RequestBody):
    role: Annotated[str, Field(max_length=20, description="`user` or `assistant`.")]
    content: str


class RunIn(RequestBody):
    input: Annotated[str, Field(description="The question.")]
    history: Annotated[
        list[MessageIn],
        Field(max_length=MAX_SENT_MESSAGES, description="Earlier messages, oldest first."),
    ] = []
    stream: Annotated[bool, Field(strict=True, description="Answer as server-sent events.")] = False
    version: Annotated[
        Literal["draft"] | Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)] | None,
        Field(description="What is published unless said; `draft` or a number need `write`."),
    ] = None


class FeedbackIn(RequestBody):
    verdict: Verdict
    reason: FeedbackReason | Literal[""] = ""
    comment: str = ""


class CitationOut(ResponseBody):
    n: int
    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int


class PassageOut(ResponseBody):
    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    text: str


class UsageOut(ResponseBody):
    prompt_tokens: int
    completion_tokens: int


class RunErrorOut(ResponseBody):
    """``message`` is stored in English, and answered in the language of ``Accept-Language``."""

    code: str
    message: Annotated[str, AfterValidator(in_my_language)]


class ToolCallOut(ResponseBody):
    """A tool call that the model wished. ``content`` is the beginning of what it was told."""

    call: int
    name: str
    plugin: str
    arguments: dict[str, Any]
    state: str = Field(description="`done`, `failed`, `refused` or `asks`.")
    content: str


class WaitingCallOut(ResponseBody):
    """A call that cannot be undone: `POST /runs/{id}/decision` says whether it is made."""

    tool: str
    plugin: str
    arguments: dict[str, Any]


class EvaluationOut(ResponseBody):
    """What an evaluator says of an answer, or why it says nothing."""

    plugin: str
    version: str = Field(description="Empty for one that comes with the platform.")
    scores: dict[str, float] = Field(description="From 0 to 1, higher is better.")
    explanation: str
    problem: Annotated[str, AfterValidator(in_my_language)]


class DecisionIn(RequestBody):
    yes: Annotated[bool, Field(strict=True, description="Whether the waiting call is made.")]


class RunOut(ResponseBody):
    id: str
    app_id: str
    state: RunState
    question: str
    answer: str
    abstained: bool
    citations: list[CitationOut]
    tools: list[ToolCallOut]
    waiting: WaitingCallOut | None
    evaluations: list[EvaluationOut] = Field(
        description="What the app's evaluators say of the answer, some time after it was given."
    )
    passages: list[PassageOut] = Field(
        description="The nearest ones when the documents do not say; else none."
    )
    usage: UsageOut
    timings: dict[str, float]
    error: RunErrorOut | None
    created_at: datetime
    finished_at: datetime | None


class RunSummaryOut(ResponseBody):
    id: str
    state: RunState
    question: str
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> "RunSummaryOut":
        return cls(
            id=str(row.id),
            state=row.state,
            question=row.question,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )


class FeedbackOut(ResponseBody):
    verdict: Verdict
    reason: str
    comment: str


class PersonOut(ResponseBody):
    id: str
    email: str


class OrganizationOut(ResponseBody):
    id: str
    slug: str


class QuotaOut(ResponseBody):
    runs_per_day: int
    runs_used: int
    runs_left: int
    resets_at: datetime
    storage_bytes: int
    storage_used: int


class MeOut(ResponseBody):
    user: PersonOut
    organization: OrganizationOut
    role: str
    scopes: list[str]
    quota: QuotaOut
