"""REST routes about the sources of a collection."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Query, Router, Status
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.schemas import RequestBody, ResponseBody
from altiplano.knowledge.domain import sources
from altiplano.knowledge.models import Collection
from altiplano.knowledge.source_models import Source, SourceState

router = Router(tags=["knowledge"])

Repeat = Literal["", "daily", "weekly"]


class SourceIn(RequestBody):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    plugin: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        description="The id of an installed loader."
    )
    reference: dict[str, Any] = Field(
        default={}, description="What to bring, in the words that the loader asks for."
    )
    config: dict[str, Any] = {}
    repeat: Repeat = ""


class SourceChange(RequestBody):
    """What is left out stays as it is. The release that is installed now is used from now on."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    reference: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    repeat: Repeat | None = None


class RefusedOut(ResponseBody):
    name: str
    reason: str


class SourceOut(ResponseBody):
    id: uuid.UUID
    collection_id: uuid.UUID
    name: str
    plugin: str
    version: str
    reference: dict[str, Any]
    config: dict[str, Any]
    repeat: Repeat
    next_at: datetime | None
    state: SourceState
    reason: str = Field(description="Why the last load ended early, in a sentence.")
    new: int = Field(description="Documents that came for the first time with the last load.")
    changed: int
    same: int
    refused: list[RefusedOut] = Field(description="Files of the last load that were not taken.")
    began_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, source: Source) -> "SourceOut":
        return cls(
            id=source.id,
            collection_id=source.collection_id,
            name=source.name,
            plugin=source.plugin,
            version=str(source.pin["version"]),
            reference=source.reference,
            config=source.config,
            repeat=_repeat(source.repeat),
            next_at=source.next_at,
            state=SourceState(source.state),
            reason=in_my_language(source.reason),
            new=source.new_count,
            changed=source.changed_count,
            same=source.same_count,
            refused=[
                RefusedOut(name=each["name"], reason=in_my_language(each["reason"]))
                for each in source.refused
            ],
            began_at=source.began_at,
            finished_at=source.finished_at,
        )


class SourceList(ResponseBody):
    items: list[SourceOut]


@router.get("/collections/{collection_id}/sources", response=SourceList, summary="List sources")
def list_sources(request: ApiRequest, collection_id: str) -> SourceList:
    """By name; a collection has at most fifty."""
    request.auth.require("read")
    collection = Collection.objects.get_within(request.auth.organization_id, collection_id)
    found = Source.objects.within(collection.organization_id).filter(collection=collection)
    return SourceList(items=[SourceOut.of(source) for source in found.order_by("name", "id")])


@router.post(
    "/collections/{collection_id}/sources", response={201: SourceOut}, summary="Add a source"
)
def add_source(request: ApiRequest, collection_id: str, payload: SourceIn) -> Status[SourceOut]:
    """It brings nothing until it is loaded, or its time comes."""
    source = sources.add_source(
        principal=request.auth,
        collection_id=collection_id,
        wish=sources.SourceWish(**payload.model_dump()),
    )
    return Status(201, SourceOut.of(source))


@router.get("/sources/{source_id}", response=SourceOut, summary="Show a source")
def show_source(request: ApiRequest, source_id: str) -> SourceOut:
    request.auth.require("read")
    return SourceOut.of(Source.objects.get_within(request.auth.organization_id, source_id))


@router.patch("/sources/{source_id}", response=SourceOut, summary="Change a source")
def change_source(request: ApiRequest, source_id: str, payload: SourceChange) -> SourceOut:
    request.auth.require("write")
    present = Source.objects.get_within(request.auth.organization_id, source_id)
    given = payload.model_dump(exclude_none=True)
    wish = sources.SourceWish(
        name=given.get("name", present.name),
        plugin=present.plugin,
        reference=given.get("reference", present.reference),
        config=given.get("config", present.config),
        repeat=given.get("repeat", present.repeat),
    )
    return SourceOut.of(
        sources.change_source(principal=request.auth, source_id=present.id, wish=wish)
    )


@router.delete("/sources/{source_id}", response={204: None}, summary="Delete a source")
def delete_source(
    request: ApiRequest,
    source_id: str,
    documents: Annotated[
        Literal["keep", "delete"], Query(description="What becomes of what it brought.")
    ] = "keep",
) -> Status[None]:
    sources.delete_source(
        principal=request.auth, source_id=source_id, with_documents=documents == "delete"
    )
    return Status(204, None)


@router.post("/sources/{source_id}/load", response={202: SourceOut}, summary="Load a source")
def load_source(request: ApiRequest, source_id: str) -> Status[SourceOut]:
    """A worker brings what the source has; asking again meanwhile changes nothing."""
    return Status(
        202, SourceOut.of(sources.load_source(principal=request.auth, source_id=source_id))
    )


@router.post("/sources/{source_id}/stop", response=SourceOut, summary="Stop loading a source")
def stop_source(request: ApiRequest, source_id: str) -> SourceOut:
    """What has come stays."""
    return SourceOut.of(sources.stop_source(principal=request.auth, source_id=source_id))


def _repeat(stored: str) -> Repeat:
    return "daily" if stored == "daily" else "weekly" if stored == "weekly" else ""
