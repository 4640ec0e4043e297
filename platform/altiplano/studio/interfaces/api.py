"""REST routes for apps and their versions."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.kernel.schemas import RequestBody, ResponseBody
from altiplano.studio import queries
from altiplano.studio.domain import apps, versions
from altiplano.studio.domain.apps import UNCHANGED, AppChanges
from altiplano.studio.models import App, AppVersion
from altiplano.studio.pipelines import Stage
from altiplano.studio.rules import MAX_COLLECTIONS

router = Router(tags=["studio"])

Name = Annotated[str, Field(min_length=1, max_length=200)]
Collections = Annotated[
    list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_COLLECTIONS)
]


class StageIn(RequestBody):
    kind: Annotated[str, Field(max_length=12)]
    plugin: Annotated[str, Field(max_length=64)]
    config: dict[str, Any] = {}
    may_send_with_passages: Annotated[
        bool,
        Field(
            strict=True,
            description="Of a tool: it may send something out while passages are in the prompt.",
        ),
    ] = False

    def stage(self) -> Stage:
        return Stage(self.kind, self.plugin, self.config, self.may_send_with_passages)


Pipeline = Annotated[list[StageIn], Field(max_length=64)]


class AppIn(RequestBody):
    name: Name
    collections: Collections = []
    template: Annotated[str, Field(max_length=40)] | None = None
    pipeline: Pipeline | None = None


class AppPatch(RequestBody):
    """Fields that are not sent stay as they are."""

    name: Name | None = None
    collections: Collections | None = None
    pipeline: Pipeline | None = None
    endpoint: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="A model endpoint; null for the platform's default."
    )
    revision: int | None = Field(
        default=None, description="The draft's revision you saw; 409 when it has changed since."
    )

    def changes(self) -> AppChanges:
        return AppChanges(
            name=self.name,
            collections=self.collections,
            stages=None if self.pipeline is None else [one.stage() for one in self.pipeline],
            endpoint=self.endpoint if "endpoint" in self.model_fields_set else UNCHANGED,
            revision=self.revision,
        )


class StageOut(ResponseBody):
    kind: str
    plugin: str
    config: dict[str, Any]
    may_send_with_passages: bool = False


class DraftOut(ResponseBody):
    revision: int
    collections: list[uuid.UUID]
    pipeline: list[StageOut]
    endpoint: uuid.UUID | None


class AppOut(ResponseBody):
    id: uuid.UUID
    name: str
    slug: str
    published_version: int | None = Field(description="What the public asks.")
    draft: DraftOut
    created_at: datetime

    @classmethod
    def of(cls, app: App) -> "AppOut":
        published = app.published_version
        return cls(
            id=app.id,
            name=app.name,
            slug=app.slug,
            published_version=published.number if published else None,
            draft=DraftOut(
                revision=app.draft_revision,
                collections=[collection.id for collection in app.collections.all()],
                pipeline=[StageOut(**stage) for stage in app.draft_pipeline["stages"]],
                endpoint=app.endpoint_id,
            ),
            created_at=app.created_at,
        )


class AppVersionOut(ResponseBody):
    version: int
    is_published: bool
    collections: list[uuid.UUID]
    pipeline: list[StageOut]
    endpoint: uuid.UUID | None
    created_at: datetime

    @classmethod
    def of(cls, version: AppVersion, *, published_id: uuid.UUID | None) -> "AppVersionOut":
        return cls(
            version=version.number,
            is_published=version.id == published_id,
            collections=version.collection_ids,
            pipeline=[StageOut(**stage) for stage in version.pipeline["stages"]],
            endpoint=version.endpoint_id,
            created_at=version.created_at,
        )


class PublishIn(RequestBody):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Page(BaseModel):
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @property
    def part(self) -> slice:
        return slice(self.offset, self.offset + self.limit)


@router.get("/apps", response=list[AppOut], summary="List apps")
def list_apps(request: ApiRequest, page: Query[Page]) -> list[AppOut]:
    request.auth.require("read")
    return [AppOut.of(app) for app in queries.apps_of(request.auth.organization_id)[page.part]]


@router.post("/apps", response={201: AppOut}, summary="Create an app")
def create_app(request: ApiRequest, body: AppIn) -> Status[AppOut]:
    """With a draft from a template (`cited-answer`, `chat`) or from a pipeline of your own."""
    app = apps.create_app(
        principal=request.auth,
        name=body.name,
        collections=body.collections,
        template=body.template,
        stages=None if body.pipeline is None else [one.stage() for one in body.pipeline],
    )
    return Status(201, AppOut.of(app))


@router.get("/apps/{app_id}", response=AppOut, summary="Read an app")
def read_app(request: ApiRequest, app_id: str) -> AppOut:
    request.auth.require("read")
    return AppOut.of(App.objects.get_within(request.auth.organization_id, app_id))


@router.patch("/apps/{app_id}", response=AppOut, summary="Change an app's name or draft")
def change_app(request: ApiRequest, app_id: str, body: AppPatch) -> AppOut:
    """What is published answers as before, until a new version is published."""
    app = apps.change_app(principal=request.auth, app_id=app_id, changes=body.changes())
    return AppOut.of(app)


@router.delete("/apps/{app_id}", response={204: None}, summary="Delete an app")
def delete_app(request: ApiRequest, app_id: str) -> Status[None]:
    """Its versions and runs go with it."""
    apps.delete_app(principal=request.auth, app_id=app_id)
    return Status(204, None)


@router.get("/apps/{app_id}/versions", response=list[AppVersionOut], summary="List versions")
def list_app_versions(request: ApiRequest, app_id: str, page: Query[Page]) -> list[AppVersionOut]:
    request.auth.require("read")
    app = App.objects.get_within(request.auth.organization_id, app_id)
    return [
        AppVersionOut.of(version, published_id=app.published_version_id)
        for version in queries.versions_of(app)[page.part]
    ]


@router.post("/apps/{app_id}/versions", response={201: AppVersionOut}, summary="Freeze the draft")
def freeze_version(request: ApiRequest, app_id: str) -> Status[AppVersionOut]:
    version = versions.freeze_version(principal=request.auth, app_id=app_id)
    return Status(201, AppVersionOut.of(version, published_id=None))


@router.post("/apps/{app_id}/publish", response=AppOut, summary="Publish a version")
def publish_version(request: ApiRequest, app_id: str, body: PublishIn) -> AppOut:
    """An older number rolls back; runs under way keep the version they began with."""
    app = versions.publish_version(principal=request.auth, app_id=app_id, number=body.version)
    return AppOut.of(app)


@router.delete("/apps/{app_id}/publish", response=AppOut, summary="Withdraw an app")
def withdraw_app(request: ApiRequest, app_id: str) -> AppOut:
    """Nothing of the app is public any more; its versions stay."""
    return AppOut.of(versions.withdraw_app(principal=request.auth, app_id=app_id))
