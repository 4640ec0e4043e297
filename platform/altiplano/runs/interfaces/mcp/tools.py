"""The two tools of an app: ``ask`` its question, ``search`` its documents."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field, ValidationError

from altiplano.accounts.principal import Principal
from altiplano.kernel.database_threads import read_database
from altiplano.kernel.errors import DomainError, InvalidInputError
from altiplano.kernel.schemas import RequestBody, ResponseBody
from altiplano.knowledge import search
from altiplano.knowledge.interfaces.schemas import HitOut
from altiplano.knowledge.models import Collection
from altiplano.knowledge.places import place_of
from altiplano.knowledge.search_wire import SearchHit
from altiplano.runs import queries
from altiplano.runs.domain.starting import prepare_run
from altiplano.runs.interfaces.api import read_to_the_end
from altiplano.runs.interfaces.schemas import MAX_SENT_MESSAGES, CitationOut, MessageIn, PassageOut
from altiplano.runs.models import Run, RunState
from altiplano.runs.relay import current_relay
from altiplano.runs.usage_models import Door
from altiplano.studio.models import App

MAX_HITS: Final = 20


class AskIn(RequestBody):
    question: Annotated[str, Field(description="In the language that the answer should have.")]
    history: Annotated[
        list[MessageIn],
        Field(max_length=MAX_SENT_MESSAGES, description="Earlier messages, oldest first."),
    ] = []


class AskOut(ResponseBody):
    """``answer`` with marks such as [1], which name its ``citations``."""

    run_id: str
    answer: str
    abstained: bool = Field(description="The documents do not say.")
    citations: list[CitationOut]
    passages: list[PassageOut] = Field(
        description="The nearest ones when the documents do not say."
    )


class FindIn(RequestBody):
    query: Annotated[str, Field(min_length=1, max_length=search.MAX_QUERY_CHARS)]
    k: Annotated[int, Field(ge=1, le=MAX_HITS, description="At most so many passages.")] = 5


class FindOut(ResponseBody):
    hits: list[HitOut]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """``text`` for models that read, ``content`` for programs that parse."""

    text: str
    content: dict[str, Any] | None = None
    is_error: bool = False

    def as_result(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "content": [{"type": "text", "text": self.text}],
            "isError": self.is_error,
        }
        return result if self.content is None else {**result, "structuredContent": self.content}


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    title: str
    description: str
    scope: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    call: Callable[[Principal, App, Any], Awaitable[ToolAnswer]]

    def describe(self, app: App) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": f"{self.title}: {app.name}",
            "description": self.description,
            "inputSchema": self.takes.model_json_schema(),
            "outputSchema": self.gives.model_json_schema(mode="serialization"),
            # Asking is counted and stored, but changes nothing that the person owns.
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }


def tools_of(principal: Principal, app: App) -> list[Tool]:
    """What this key may use. An app without documents cannot be searched."""
    documented = bool(app.published_version and app.published_version.collection_ids)
    return [
        tool
        for tool in TOOLS
        if tool.scope in principal.scopes and (documented or tool.name != "search")
    ]


async def call_tool(
    tool: Tool, principal: Principal, app: App, arguments: Mapping[str, Any]
) -> ToolAnswer:
    """What the tool says; a refusal is an answer too, in a sentence that a model can act on."""
    try:
        return await tool.call(principal, app, tool.takes.model_validate(arguments))
    except ValidationError as error:
        return ToolAnswer(_sentence_of(error), is_error=True)
    except DomainError as error:
        return ToolAnswer(error.message, is_error=True)


def _sentence_of(error: ValidationError) -> str:
    """Which arguments are wrong and why, without repeating what was sent."""
    reasons = [
        f"“{'.'.join(map(str, item['loc']))[:100]}”: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)[:5]
    ]
    return gettext("The arguments do not fit: %(reasons)s.") % {"reasons": "; ".join(reasons)}


async def _ask(principal: Principal, app: App, wish: AskIn) -> ToolAnswer:
    begun = await current_relay().begin(
        lambda: principal,
        lambda asker: prepare_run(
            principal=asker,
            app=app,
            question=wish.question,
            history=[message.model_dump() for message in wish.history],
            door=Door.MCP,
        ),
    )
    begun.reader.grace = 0  # without a session nobody can come back to an answer
    await read_to_the_end(begun.reader)
    shown = await read_database(lambda: queries.show_run(Run.unscoped.get(id=begun.run.id)))
    if shown["state"] != RunState.FINISHED:
        error = shown["error"] or {"message": gettext("The question was cancelled.")}
        return ToolAnswer(error["message"], is_error=True)
    said = AskOut.model_validate({**shown, "run_id": shown["id"]})
    return ToolAnswer(_with_sources(said), said.model_dump(mode="json"))


def _with_sources(said: AskOut) -> str:
    """The answer and, below it, what its marks stand for."""
    lines = [
        f"[{source.n}] {place_of(source.document_name, source.page)}: “{source.quote}”"
        for source in said.citations
    ]
    return "\n\n".join(filter(None, [said.answer, "\n".join(lines)]))


async def _find(principal: Principal, app: App, wish: FindIn) -> ToolAnswer:
    """The best passages of all the app's collections together."""

    def prepare() -> list[Any]:
        return [
            search.prepare_search(
                principal=principal, collection_id=collection_id, query=wish.query, k=wish.k
            )
            for collection_id in _collections_of(app)
        ]

    requests = await read_database(prepare)
    results = await asyncio.gather(*map(search.await_worker, requests))
    hits = sorted((hit for each in results for hit in each.hits), key=_by_score)[: wish.k]
    found = FindOut(hits=[HitOut.of(hit) for hit in hits])
    return ToolAnswer(_listed(hits), found.model_dump(mode="json"))


def _by_score(hit: SearchHit) -> tuple[float, int]:
    return (-hit.score, hit.chunk_id)


def _collections_of(app: App) -> list[Any]:
    version = app.published_version
    ids = [] if version is None else version.collection_ids
    there = Collection.objects.within(app.organization_id).filter(id__in=ids)
    found = list(there.order_by("created_at", "id").values_list("id", flat=True))
    if not found:
        raise InvalidInputError(
            _("The collections of this app were deleted. Give it another one to answer from."),
            code="collections_gone",
        )
    return found


def _listed(hits: list[SearchHit]) -> str:
    head = ngettext("%(count)s passage", "%(count)s passages", len(hits)) % {"count": len(hits)}
    return "\n\n".join(
        [head, *(f"{place_of(hit.document_name, hit.page)}:\n{hit.text}" for hit in hits)]
    )


TOOLS: Final = (
    Tool(
        name="ask",
        title="Ask",
        description=(
            "Answers a question from the documents of this app, with citations. Says so when the "
            "documents do not tell."
        ),
        scope="run",
        takes=AskIn,
        gives=AskOut,
        call=_ask,
    ),
    Tool(
        name="search",
        title="Search",
        description="Finds the passages of this app's documents that fit a query best, word for word.",
        scope="read",
        takes=FindIn,
        gives=FindOut,
        call=_find,
    ),
)
