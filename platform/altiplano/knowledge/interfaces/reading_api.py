"""REST routes about how a collection's documents are read."""

from typing import Annotated, Any, Literal

from ninja import Router, Status
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.schemas import RequestBody, ResponseBody
from altiplano.knowledge.domain.reading_choice import Choice, change_reading, keep_embedder
from altiplano.knowledge.domain.rereading import outlook_of, read_again, stop_reading_again
from altiplano.knowledge.index_contents import next_progress
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import (
    Step,
    embedder_step,
    index_step,
    next_embedder_step,
    way_of,
)

router = Router(tags=["knowledge"])


class StepIn(RequestBody):
    plugin: Annotated[str, Field(max_length=64)] = Field(
        description="The plugin's id; empty for the built-in parser of each kind of file, and for "
        "the built-in indexes."
    )
    config: dict[str, Any] = {}


class ReadingIn(RequestBody):
    """What is left out stays as it is."""

    parser: StepIn | None = None
    splitter: StepIn | None = None
    embedder: StepIn | None = None
    index: StepIn | None = None


class StepOut(ResponseBody):
    plugin: str
    version: str = Field(description="Of a plugin from outside; empty for a built-in.")
    config: dict[str, Any]

    @classmethod
    def of(cls, step: Step) -> "StepOut":
        version = str(step.pin["version"]) if step.pin else ""
        return cls(plugin=step.plugin, version=version, config=dict(step.config))


class NextEmbedderOut(ResponseBody):
    """The embedder that takes over once it has embedded every passage."""

    plugin: str
    version: str
    config: dict[str, Any]
    done: int = Field(description="Passages that it has embedded.")
    total: int
    problem: str = Field(description="Why it was stopped, in a sentence; empty while it goes on.")


class ReadingOut(ResponseBody):
    parser: StepOut
    splitter: StepOut
    embedder: StepOut
    index: StepOut
    next_embedder: NextEmbedderOut | None
    read_otherwise: int = Field(description="Documents that were read with other settings.")
    being_read_again: int

    @classmethod
    def of(cls, collection: Collection) -> "ReadingOut":
        way, outlook = way_of(collection), outlook_of(collection)
        following = next_embedder_step(collection)
        return cls(
            parser=StepOut.of(way.parser or Step("parser", "")),
            splitter=StepOut.of(way.splitter),
            embedder=StepOut.of(embedder_step(collection)),
            index=StepOut.of(index_step(collection) or Step("index", "")),
            next_embedder=None if following is None else _following(collection, following),
            read_otherwise=outlook.documents,
            being_read_again=outlook.under_way,
        )


class ReadAgainOut(ResponseBody):
    documents: int


class StopIn(RequestBody):
    what: Literal["documents", "embedder"] = "documents"


@router.get(
    "/collections/{collection_id}/reading",
    response=ReadingOut,
    summary="Show how documents are read",
)
def show_reading(request: ApiRequest, collection_id: str) -> ReadingOut:
    request.auth.require("read")
    return _reading(request, collection_id)


@router.patch(
    "/collections/{collection_id}/reading",
    response=ReadingOut,
    summary="Change how documents are read",
)
def change_how_documents_are_read(
    request: ApiRequest, collection_id: str, payload: ReadingIn
) -> ReadingOut:
    """A parser or splitter holds for documents to come, until documents are read again. An embedder
    takes over once it has embedded every passage, an index once it is filled.
    """
    steps = {
        "parser": payload.parser,
        "splitter": payload.splitter,
        "embedder": payload.embedder,
        "index": payload.index,
    }
    change_reading(
        principal=request.auth,
        collection_id=collection_id,
        choices={
            part: Choice(step.plugin, step.config)
            for part, step in steps.items()
            if step is not None
        },
    )
    return _reading(request, collection_id)


@router.post(
    "/collections/{collection_id}/reading/again",
    response={202: ReadAgainOut},
    summary="Read documents again",
)
def read_documents_again(request: ApiRequest, collection_id: str) -> Status[ReadAgainOut]:
    """Those that were read with other settings than those of now; they answer as before meanwhile."""
    count = read_again(principal=request.auth, collection_id=collection_id)
    return Status(202, ReadAgainOut(documents=count))


@router.post(
    "/collections/{collection_id}/reading/stop",
    response=ReadingOut,
    summary="Stop reading again, or keep the present embedder",
)
def stop_reading(request: ApiRequest, collection_id: str, payload: StopIn) -> ReadingOut:
    if payload.what == "embedder":
        keep_embedder(principal=request.auth, collection_id=collection_id)
    else:
        stop_reading_again(principal=request.auth, collection_id=collection_id)
    return _reading(request, collection_id)


def _reading(request: ApiRequest, collection_id: object) -> ReadingOut:
    return ReadingOut.of(Collection.objects.get_within(request.auth.organization_id, collection_id))


def _following(collection: Collection, step: Step) -> NextEmbedderOut:
    progress = next_progress(collection)
    return NextEmbedderOut(
        **StepOut.of(step).model_dump(),
        done=progress.done,
        total=progress.total,
        problem=in_my_language(collection.next_embedder["problem"]),
    )
