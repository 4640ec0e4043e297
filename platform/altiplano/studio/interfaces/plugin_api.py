"""REST routes for authors: a plugin that is still being written, in a draft app of their own."""

from typing import Any

from django.urls import reverse
from ninja import Router, Status
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.catalog.domain.drafts import remove_draft, replace_draft
from altiplano.catalog.interfaces.package_api import ReleaseOut, release_fields
from altiplano.catalog.interfaces.uploads import UPLOAD_BODY, uploaded_package
from altiplano.studio.domain.draft_plugins import app_named, attach_draft

router = Router(tags=["catalog"])


class PluginDraftOut(ReleaseOut):
    """A draft, and the app that it was attached to by this request."""

    app: str | None = Field(description="The app's short name.")
    builder: str | None = Field(description="The page on which that app's pipeline is built.")
    kinds: list[str] = Field(description="What the app's stages may call this plugin for.")


@router.put(
    "/plugins/drafts/{package}",
    response=PluginDraftOut,
    summary="Upload a draft of a plugin",
    openapi_extra=UPLOAD_BODY,
)
def upload_draft(request: ApiRequest, package: str, app: str | None = None) -> PluginDraftOut:
    """An unsigned `.altiplano` file in the field `file`, in place of the last one.

    `app` names the app, by id or short name, whose draft uses it. Published versions never do.
    """
    request.auth.require("write")  # before anything is taken in
    chosen = None if app is None else app_named(request.auth.organization_id, app)
    with uploaded_package(request) as path:
        draft = replace_draft(principal=request.auth, slug=package, file=path)
    if chosen is not None:
        attach_draft(principal=request.auth, app_id=chosen.id, slug=package)
    fields: dict[str, Any] = release_fields(draft)
    kinds = [provided["kind"] for provided in draft.manifest["provides"]]
    return PluginDraftOut(
        app=None if chosen is None else chosen.slug,
        builder=None if chosen is None else reverse("studio:build", args=[chosen.id]),
        kinds=kinds,
        **fields,
    )


@router.delete("/plugins/drafts/{package}", response={204: None}, summary="Remove a draft")
def delete_draft(request: ApiRequest, package: str) -> Status[None]:
    remove_draft(principal=request.auth, slug=package)
    return Status(204, None)
