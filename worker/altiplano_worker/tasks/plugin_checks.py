"""Checking uploaded releases: read, unpacked, tried in the sandbox; nobody trusts them yet."""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

import structlog

import altiplano_sdk as sdk
from altiplano.catalog.archives import unpacked_folder
from altiplano.catalog.domain.checking import CheckWork, begin_check, finish_check, retry_check
from altiplano.catalog.domain.orphans import remove_unused_packages
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
from altiplano_worker.tasks.leases import LeaseWatch
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
T = TypeVar("T")
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
    watch = LeaseWatch(claim)
    place = unpacked_folder(f".checking-{claim.job_id.hex}-{claim.epoch}")
    report: ConformanceReport | None = None
    try:
        reserved = built_in_ids()
        findings, release = watch.wait_for(
            in_background(lambda: read_package(work, place, reserved=reserved))
        )
        if release is not None:
            log.info("plugin.suites_begun", release=str(work.release.id))
            report = watch.wait_for(in_background(lambda: try_package(release)))
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
    work: CheckWork, place: Path, *, reserved: frozenset[str]
) -> tuple[tuple[Finding, ...], ReleaseOnDisk | None]:
    """What is to be said of the package without running it; unpacked unless that is an error."""
    before = work.previous_schemas
    try:
        with open_archive(work.archive) as archive:
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


def try_package(release: ReleaseOnDisk) -> ConformanceReport:
    """What the suites say, run in the sandbox. Raises NoSandboxError."""
    return run_conformance(release, level=prove_level())


def in_background(call: Callable[[], T]) -> Future[T]:
    """The call runs on a thread of its own, while the caller keeps its lease."""
    future: Future[T] = Future()

    def run() -> None:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is read
                future.set_exception(error)

    Thread(target=run, name="plugin-check", daemon=True).start()
    return future
