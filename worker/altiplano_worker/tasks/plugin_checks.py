"""Checking uploaded releases: read, unpacked, tried in the sandbox; nobody trusts them yet."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog

import altiplano_sdk as sdk
from altiplano.catalog.archives import unpacked_folder
from altiplano.catalog.domain.checking import CheckWork, begin_check, finish_check, retry_check
from altiplano.catalog.domain.orphans import remove_unused_packages
from altiplano.catalog.package_models import CheckStep
from altiplano.catalog.queries import built_in_ids
from altiplano.catalog.specs import CheckRelease
from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import JobClaim, LostClaimError, claim_job
from altiplano_sdk.packaging import Finding, PackageError, Severity, errors_among
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.unpacking import unpack_archive
from altiplano_sdk.testing.report import ConformanceReport
from altiplano_worker.app import app
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.conformance import run_conformance
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from altiplano_worker.tasks.check_following import CheckFollower
from altiplano_worker.tasks.sandbox_proof import prove_level

FILE_GONE: Final = Finding(
    "ALT400",
    Severity.ERROR,
    sdk.MANIFEST_NAME,
    0,
    "The uploaded file is gone.",
    "Upload it again.",
)
MACHINE: Final = "The platform could not run the checks. Upload the release again later."
log = structlog.get_logger(__name__)


@app.task(name=CheckRelease.task)
def check_release(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """One release that waits has its findings and its report, and waits for review or is refused."""
    claim = claim_job(CheckRelease.task)
    if claim is None:
        return
    try:
        with working_on(claim):
            check_claimed(claim)
    except LostClaimError:  # withdrawn meanwhile
        log.info("plugin.check_dropped", release=str(claim.subject_id))
    except (sdk.PluginError, OSError) as error:  # a fault of this machine, not of the package
        log.warning("plugin.not_checked", error=type(error).__name__)
        reason = error.message if isinstance(error, sdk.PluginError) else MACHINE
        with suppress(LostClaimError):
            retry_check(claim, reason)


@app.task(name="altiplano.catalog.remove_unused_packages")
def remove_unused() -> None:
    """Nothing is kept of packages that are nobody's and that nobody uses."""
    remove_unused_packages()


def check_claimed(claim: JobClaim) -> None:
    """Raises LostClaimError when the release was withdrawn."""
    work = begin_check(claim)
    follower = CheckFollower(claim)
    place = unpacked_folder(f".checking-{claim.job_id.hex}-{claim.epoch}")
    report: ConformanceReport | None = None
    try:
        reserved = built_in_ids()
        findings, release = follower.run(
            lambda: read_package(work, place, reserved=reserved, tell=follower.tell)
        )
        if release is not None:
            log.info("plugin.suites_begun", release=str(work.release.id))
            report = follower.run(lambda: try_package(release, follower))
    except PluginFailedError as error:
        findings = (_unfinished(error),)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    finish_check(
        claim,
        findings=(*findings, *(() if report is None else report.failed)),
        conformance={} if report is None else report.to_dict(),
    )


def _unfinished(error: PluginFailedError) -> Finding:
    """The package itself brought its examination to an end."""
    hint = "Run “altiplano-plugin test”; the platform gives the tests less time and memory."
    return Finding("ALT700", Severity.ERROR, sdk.MANIFEST_NAME, 0, error.message, hint)


def read_package(
    work: CheckWork,
    place: Path,
    *,
    reserved: frozenset[str],
    tell: Callable[[CheckStep], None] = lambda _step: None,
) -> tuple[tuple[Finding, ...], ReleaseOnDisk | None]:
    """What is to be said of the package without running it; unpacked unless that is an error."""
    before = work.previous_schemas
    tell(CheckStep.ARCHIVE)
    try:
        with open_archive(work.archive) as archive:
            tell(CheckStep.CODE)
            findings = check_package(
                archive,
                previous=work.previous,
                previous_schemas=None if before is None else by_kind(before),
                reserved=reserved,
            )
            if errors_among(findings):
                return findings, None
            unpack_archive(archive, place)
    except PackageError as error:
        return error.findings, None
    except FileNotFoundError:
        return (FILE_GONE,), None
    return findings, ReleaseOnDisk(
        digest=work.release.digest,
        directory=place,
        manifest=work.manifest,
        schemas=by_kind(work.release.schemas),
    )


def by_kind(schemas: Mapping[str, Any]) -> dict[sdk.StageKind, Mapping[str, Any]]:
    """Schemas as they are stored, by the kinds of the SDK."""
    return {sdk.StageKind(kind): schema for kind, schema in schemas.items()}


def try_package(release: ReleaseOnDisk, follower: CheckFollower) -> ConformanceReport:
    """What the suites say, run in the sandbox; they end when nobody waits for them.

    Raises NoSandboxError.
    """
    follower.tell(CheckStep.SUITES)
    return run_conformance(
        release,
        level=prove_level(),
        tell=lambda done, total: follower.tell(CheckStep.SUITES, done, total),
        is_unwanted=follower.is_unwanted,
    )
