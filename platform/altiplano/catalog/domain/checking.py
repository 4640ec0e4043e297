"""The worker's side of a check: what it needs, and what becomes of the release.

Effects are fenced by the job's claim.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from altiplano.catalog.archives import archive_path
from altiplano.catalog.domain.recording import record_release
from altiplano.catalog.package_models import (
    CheckStep,
    PackageRelease,
    PackageState,
)
from altiplano.catalog.queries import release_before
from altiplano.kernel.jobs import (
    JobClaim,
    LostClaimError,
    cancel_jobs,
    fail_exhausted_job,
    finish_job,
    hold_claim,
    retry_job,
)
from altiplano_sdk import PackageManifest
from altiplano_sdk.packaging import Finding, Severity

DIED = "The checks stopped {attempts} times without a result; the plugin may use too much memory."
ERROR = str(Severity.ERROR)


@dataclass(frozen=True, slots=True)
class CheckWork:
    """One release to check. ``previous`` is what was published before."""

    claim: JobClaim
    release: PackageRelease
    archive: Path
    manifest: PackageManifest
    previous: PackageManifest | None
    previous_schemas: Mapping[str, Any] | None


def begin_check(claim: JobClaim) -> CheckWork:
    """Raises LostClaimError when the release does not wait for a check any more."""
    release = (
        PackageRelease.unscoped.select_related("package")
        .filter(id=claim.subject_id, state=PackageState.CHECKING)
        .first()
    )
    if release is None:
        with transaction.atomic():
            finish_job(claim)
        raise LostClaimError
    before = release_before(release)
    return CheckWork(
        claim=claim,
        release=release,
        archive=archive_path(release.id),
        manifest=PackageManifest.model_validate(release.manifest),
        previous=None if before is None else PackageManifest.model_validate(before.manifest),
        previous_schemas=None if before is None else before.schemas,
    )


def tell_progress(release_id: uuid.UUID, step: CheckStep, *, done: int = 0, total: int = 0) -> None:
    """Whoever looks at the release sees how far its checks are."""
    PackageRelease.unscoped.filter(id=release_id, state=PackageState.CHECKING).update(
        check_step=step, checks_done=done, checks_total=total
    )


def finish_check(
    claim: JobClaim, *, findings: Sequence[Finding], conformance: Mapping[str, Any]
) -> PackageRelease:
    """The release waits for review, or is refused when an error is among the findings.

    Raises LostClaimError.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    with transaction.atomic():
        hold_claim(claim)
        release = _waiting(claim)
        release.findings = [finding.to_dict() for finding in findings]
        release.conformance = dict(conformance)
        if errors:
            release.state = PackageState.REFUSED
            release.reason = f"{errors[0].place}: {errors[0].message} ({errors[0].rule})"[:500]
        else:
            release.state = PackageState.IN_REVIEW
        release.save(update_fields=["findings", "conformance", "state", "reason"])
        action = "plugin.refused" if errors else "plugin.checked"
        record_release(action, release, data={"errors": len(errors), "findings": len(findings)})
        finish_job(claim)
    return release


def retry_check(claim: JobClaim, reason: str) -> None:
    """The release is checked again after a pause, or is refused for the reason after the last try.

    For what is no fault of the package. Raises LostClaimError.
    """
    with transaction.atomic():
        if retry_job(claim, reason):
            tell_progress(claim.subject_id, CheckStep.WAITING)
            return
        release = _waiting(claim)
        release.state = PackageState.REFUSED
        release.reason = reason[:500]
        release.save(update_fields=["state", "reason"])
        record_release("plugin.refused", release, data={"errors": 0})


def fail_check_job(claim: JobClaim) -> None:
    """A release whose checks died each time is refused; whoever uploaded it reads why."""
    with transaction.atomic():
        reason = DIED.format(attempts=claim.attempt)
        if not fail_exhausted_job(claim, reason):
            return
        release = _lock_checking(claim.subject_id)
        if release is not None:
            release.state = PackageState.REFUSED
            release.reason = reason
            release.save(update_fields=["state", "reason"])
            record_release("plugin.refused", release, data={"errors": 1})


def give_up_check(release_id: uuid.UUID, reason: str) -> bool:
    """The release is refused for ``reason`` and whoever checks it stops; False when it is decided."""
    with transaction.atomic():
        release = _lock_checking(release_id)
        if release is None:
            return False
        release.state = PackageState.REFUSED
        release.reason = reason[:500]
        release.save(update_fields=["state", "reason"])
        cancel_jobs(subject_id=release.id)
        record_release("plugin.refused", release, data={"errors": 0})
    return True


def _waiting(claim: JobClaim) -> PackageRelease:
    release = _lock_checking(claim.subject_id)
    if release is None:  # withdrawn at this moment
        raise LostClaimError
    return release


def _lock_checking(release_id: uuid.UUID) -> PackageRelease | None:
    return (
        PackageRelease.unscoped.select_for_update(of=("self",))
        .select_related("package")
        .filter(id=release_id, state=PackageState.CHECKING)
        .first()
    )
