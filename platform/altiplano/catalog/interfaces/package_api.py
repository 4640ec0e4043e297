"""REST routes for authors: their releases on the way to everybody."""

import uuid
from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Router, Status
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.catalog.domain.uploading import receive_release, withdraw_release
from altiplano.catalog.interfaces.uploads import UPLOAD_BODY, uploaded_package
from altiplano.catalog.package_models import (
    PackageRelease,
    PackageState,
)
from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.schemas import ResponseBody

router = Router(tags=["catalog"])


class CheckingOut(ResponseBody):
    """How far the checks of a release are."""

    step: str = Field(description="waiting, archive, code, suites")
    done: int = Field(description="Tests that ran, while the suites run.")
    total: int = Field(description="Of how many; 0 while that is not known.")


class ReleaseOut(ResponseBody):
    """One release of a package, as its author sees it."""

    id: uuid.UUID
    package: str
    version: str
    digest: str = Field(description="SHA-256 over the contents, whoever signed them.")
    state: str = Field(
        description="draft, checking, refused, in_review, published, rejected, withdrawn, recalled"
    )
    checking: CheckingOut | None = Field(description="Only while the state is checking.")
    reason: str
    findings: list[dict[str, Any]] = Field(description="What the checks say, errors first.")
    uploaded_at: datetime
    address: str = Field(description="The page of this plugin for its author.")

    @classmethod
    def of(cls, release: PackageRelease) -> "ReleaseOut":
        return cls(**release_fields(release))


def release_fields(release: PackageRelease) -> dict[str, Any]:
    """What is told of a release, also of a draft."""
    return {
        "id": release.id,
        "package": release.package.slug,
        "version": release.version,
        "digest": release.digest,
        "state": release.state,
        "checking": _checking(release),
        "reason": in_my_language(release.reason),
        "findings": release.findings,
        "uploaded_at": release.uploaded_at,
        "address": reverse("catalog:own-package", args=[release.package.slug]),
    }


def _checking(release: PackageRelease) -> CheckingOut | None:
    if release.state != PackageState.CHECKING:
        return None
    return CheckingOut(
        step=release.check_step, done=release.checks_done, total=release.checks_total
    )


@router.post(
    "/plugins/releases",
    response={202: ReleaseOut},
    summary="Upload a release of a plugin",
    openapi_extra=UPLOAD_BODY,
)
def upload_release(request: ApiRequest) -> Status[ReleaseOut]:
    """A signed `.altiplano` file in the field `file`. It is checked, then waits for a review."""
    request.auth.require("write")  # before anything is taken in
    with uploaded_package(request) as path:
        release = receive_release(principal=request.auth, file=path)
    return Status(202, ReleaseOut.of(release))


@router.get("/plugins/releases/{release_id}", response=ReleaseOut, summary="Show a release")
def show_release(request: ApiRequest, release_id: str) -> ReleaseOut:
    request.auth.require("read")
    return ReleaseOut.of(
        PackageRelease.objects.get_owned_by(request.auth.organization_id, release_id)
    )


@router.post(
    "/plugins/releases/{release_id}/withdraw", response=ReleaseOut, summary="Withdraw a release"
)
def withdraw(request: ApiRequest, release_id: str) -> ReleaseOut:
    """Only while nobody has published it; its checks stop."""
    return ReleaseOut.of(withdraw_release(principal=request.auth, release_id=release_id))
