"""REST routes of collections and documents, mounted under ``/api/v1``."""

from typing import Annotated, Literal

from django.http import FileResponse, HttpResponse
from ninja import Query, Router, Status
from ninja.errors import ValidationError
from pydantic import Field
from pydantic import ValidationError as ModelError

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.knowledge import queries, search
from altiplano.knowledge.domain import collections, documents
from altiplano.knowledge.domain.receiving import receive_documents, receive_url
from altiplano.knowledge.interfaces import schemas
from altiplano.knowledge.interfaces.downloads import original_file
from altiplano.knowledge.interfaces.reading_api import router as reading_router
from altiplano.knowledge.interfaces.source_api import router as source_router
from altiplano.knowledge.interfaces.uploads import uploads_of

router = Router(tags=["knowledge"])
router.add_router("", reading_router)
router.add_router("", source_router)

DocumentStateName = Literal["queued", "parsing", "embedding", "ready", "failed", "cancelled"]

UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["url"],
                    "additionalProperties": False,
                    "properties": {"url": {"type": "string", "minLength": 1, "maxLength": 2000}},
                }
            },
        },
    }
}


@router.post("/collections", response={201: schemas.CollectionOut}, summary="Create a collection")
def create_collection(
    request: ApiRequest, payload: schemas.CollectionIn
) -> Status[schemas.CollectionOut]:
    collection = collections.create_collection(
        principal=request.auth, name=payload.name, language=payload.language
    )
    return Status(201, _collection(request, collection.id))


@router.get("/collections", response=list[schemas.CollectionOut], summary="List collections")
def list_collections(request: ApiRequest) -> list[schemas.CollectionOut]:
    request.auth.require("read")
    summaries = queries.collections_of(request.auth.organization_id)
    return [schemas.CollectionOut.of(summary) for summary in summaries]


@router.get(
    "/collections/{collection_id}", response=schemas.CollectionOut, summary="Show a collection"
)
def show_collection(request: ApiRequest, collection_id: str) -> schemas.CollectionOut:
    request.auth.require("read")
    return _collection(request, collection_id)


@router.patch(
    "/collections/{collection_id}", response=schemas.CollectionOut, summary="Change a collection"
)
def change_collection(
    request: ApiRequest, collection_id: str, payload: schemas.CollectionChange
) -> schemas.CollectionOut:
    collections.change_collection(
        principal=request.auth,
        collection_id=collection_id,
        name=payload.name,
        language=payload.language,
    )
    return _collection(request, collection_id)


@router.delete("/collections/{collection_id}", response={204: None}, summary="Delete a collection")
def delete_collection(request: ApiRequest, collection_id: str) -> Status[None]:
    collections.delete_collection(principal=request.auth, collection_id=collection_id)
    return Status(204, None)


@router.post(
    "/collections/{collection_id}/documents",
    response={202: list[schemas.ReceivedOut]},
    summary="Upload documents",
    openapi_extra=UPLOAD_BODY,
)
def upload_documents(request: ApiRequest, collection_id: str) -> Status[list[schemas.ReceivedOut]]:
    """Files as `multipart/form-data` in the field `file` (repeatable), or one `{"url"}` as JSON.

    A file that cannot be accepted becomes a document in state `failed` that says why.
    """
    if request.content_type == "application/json":
        url = _read_url(request)
        received = [receive_url(principal=request.auth, collection_id=collection_id, url=url)]
    else:
        request.auth.require("write")  # before anything is taken in
        queries.collection_summary(request.auth.organization_id, collection_id)
        received = receive_documents(
            principal=request.auth, collection_id=collection_id, uploads=uploads_of(request)
        )
    return Status(202, [schemas.ReceivedOut.of(document) for document in received])


@router.get(
    "/collections/{collection_id}/documents",
    response=schemas.DocumentPage,
    summary="List a collection's documents",
)
def list_documents(
    request: ApiRequest,
    collection_id: str,
    state: Annotated[DocumentStateName | None, Query()] = None,
    limit: Annotated[int, Query(), Field(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(), Field(ge=0, le=10_000_000)] = 0,
) -> schemas.DocumentPage:
    request.auth.require("read")
    found = queries.documents_in(request.auth.organization_id, collection_id, state=state or "")
    return schemas.DocumentPage(
        total=found.count(),
        items=[schemas.DocumentOut.of(document) for document in found[offset : offset + limit]],
    )


@router.get("/documents/{document_id}", response=schemas.DocumentOut, summary="Show a document")
def show_document(request: ApiRequest, document_id: str) -> schemas.DocumentOut:
    request.auth.require("read")
    document = queries.document_with_versions(request.auth.organization_id, document_id)
    return schemas.DocumentOut.of(document)


@router.delete("/documents/{document_id}", response={204: None}, summary="Delete a document")
def delete_document(request: ApiRequest, document_id: str) -> Status[None]:
    """No search or answer that starts after the reply finds anything of it."""
    documents.delete_document(principal=request.auth, document_id=document_id)
    return Status(204, None)


@router.post(
    "/documents/{document_id}/cancel", response={204: None}, summary="Stop reading a document"
)
def cancel_document(request: ApiRequest, document_id: str) -> Status[None]:
    documents.cancel_document(principal=request.auth, document_id=document_id)
    return Status(204, None)


@router.post(
    "/documents/{document_id}/retry", response={204: None}, summary="Read a document again"
)
def retry_document(request: ApiRequest, document_id: str) -> Status[None]:
    documents.retry_document(principal=request.auth, document_id=document_id)
    return Status(204, None)


@router.get(
    "/documents/{document_id}/text", response=schemas.TextOut, summary="Show the extracted text"
)
def show_document_text(request: ApiRequest, document_id: str) -> schemas.TextOut:
    request.auth.require("read")
    found = queries.document_text(request.auth.organization_id, document_id)
    return schemas.TextOut(text=found.text)


@router.get(
    "/documents/{document_id}/versions",
    response=list[schemas.VersionOut],
    summary="List a document's versions",
)
def list_versions(request: ApiRequest, document_id: str) -> list[schemas.VersionOut]:
    request.auth.require("read")
    document = queries.document_with_versions(request.auth.organization_id, document_id)
    versions = queries.versions_of(request.auth.organization_id, document.id)
    return [schemas.VersionOut.of(version, document) for version in versions]


@router.get(
    "/documents/{document_id}/file",
    response={200: None},
    summary="Download the original file",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file as it was uploaded.",
                "content": {"application/octet-stream": {}},
            }
        }
    },
)
def download_document(request: ApiRequest, document_id: str) -> FileResponse | HttpResponse:
    request.auth.require("read")
    return original_file(queries.document_with_versions(request.auth.organization_id, document_id))


@router.post("/collections/{collection_id}/search", response=schemas.SearchOut, summary="Search")
def search_collection(
    request: ApiRequest, collection_id: str, payload: schemas.SearchIn
) -> schemas.SearchOut:
    return schemas.SearchOut.of(
        search.search_collection(
            principal=request.auth, collection_id=collection_id, **payload.as_search()
        )
    )


def _collection(request: ApiRequest, collection_id: object) -> schemas.CollectionOut:
    summary = queries.collection_summary(request.auth.organization_id, collection_id)
    return schemas.CollectionOut.of(summary)


def _read_url(request: ApiRequest) -> str:
    """The ``url`` of a JSON body. By hand, since this route also takes forms."""
    try:
        return schemas.UrlIn.model_validate_json(request.body).url
    except ModelError as error:
        raise ValidationError(
            [
                {"type": item["type"], "loc": ("body", "payload", *item["loc"]), "msg": item["msg"]}
                for item in error.errors()
            ]
        ) from error
