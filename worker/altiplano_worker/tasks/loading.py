"""Bringing the files of a source into its collection, with a loader from outside."""

import asyncio
import queue
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import translation

import altiplano_sdk as sdk
from altiplano.catalog.domain.running import RunPlugin
from altiplano.kernel.errors import LimitReachedError, StorageFullError
from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import JobClaim, LostClaimError, claim_job
from altiplano.knowledge.domain import loading
from altiplano.knowledge.domain.receiving import Upload
from altiplano.knowledge.specs import LoadSource
from altiplano_worker.app import app
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.context import stage_log
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.tasks.collection_plugins import runnable_releases
from altiplano_worker.tasks.leases import RENEW_SECONDS, LeaseWatch
from altiplano_worker.tasks.plugin_host import plugin_host

log = structlog.get_logger(__name__)

MAX_FILES: Final = 5_000
"""Of one load."""

UNEXPECTED_REASON: Final = "Loading stopped for a reason that is in the worker's log. Try it again."
NO_ROOM_REASON: Final = (
    "Your organization's storage is full. Delete documents you no longer need, then load again."
)


@app.task(name=LoadSource.task)
def load_source(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Bring what the source whose turn it is has now."""
    claim = claim_job(LoadSource.task)
    if claim is not None:
        with working_on(claim):
            _load_or_say_why_not(claim)


@app.task(name="altiplano.knowledge.load_due_sources")
def load_due_sources() -> None:
    """Sources that are to be loaded daily or weekly wait to be loaded once their time has come."""
    loading.queue_due_sources()


def _load_or_say_why_not(claim: JobClaim) -> None:
    try:
        _load(claim)
    except LostClaimError:  # stopped by its owner, or the source is gone
        log.info("source.loading_dropped", source=str(claim.subject_id))
    except DatabaseError:
        raise  # the sweeper gives the job to somebody once its lease is over
    except (sdk.PermanentError, sdk.BudgetExceededError, PluginFailedError) as error:
        _give_up(claim, error.message)
    except sdk.PluginError as error:
        _retry(claim, error.message)
    except StorageFullError as error:
        _retry(claim, _in_english(error))
    except LimitReachedError:
        _give_up(claim, NO_ROOM_REASON)
    except Exception:
        log.exception("source.loading_failed", source=str(claim.subject_id))
        _retry(claim, UNEXPECTED_REASON)


def _load(claim: JobClaim) -> None:
    work = loading.begin_loading(claim)
    if work is None:
        return
    releases = runnable_releases(work.organization_id, [work.pin])
    watch = LeaseWatch(claim)
    offered: Offers = queue.SimpleQueue()
    bringing = process_loop.submit(_bring(work, releases, offered))
    try:
        while True:
            with suppress(queue.Empty):
                offer = offered.get(timeout=RENEW_SECONDS / 2)
                _store(claim, offer.file)
                offer.take()
            if bringing.done():  # it waits until what it offered is taken
                break
            watch.check()
    finally:
        bringing.cancel()
    bringing.result()
    loading.finish_loading(claim)


@dataclass(frozen=True, slots=True)
class Offer:
    """A file for the thread that may write to the database; the loader goes on once it is taken."""

    file: sdk.SourceFile
    taken: asyncio.Event
    loop: asyncio.AbstractEventLoop

    def take(self) -> None:
        self.loop.call_soon_threadsafe(self.taken.set)


Offers = queue.SimpleQueue[Offer]


async def _bring(work: loading.Loading, releases: Sequence[RunPlugin], offered: Offers) -> None:
    """Each file is stored before the next one is asked for, and never lies about afterwards."""
    context = sdk.Context(log=stage_log(run_id=f"source-{work.source_id}"))
    async with plugin_host.open_plugins(work.organization_id, releases) as registry:
        loader: sdk.Loader = registry.create(sdk.StageKind.LOADER, work.plugin, work.config)
        count = 0
        async with aclosing(loader.load(work.reference, context)) as files:  # type: ignore[type-var]
            async for file in files:
                count += 1
                try:
                    if count > MAX_FILES:
                        raise sdk.PermanentError(
                            f"The source has more than {MAX_FILES} files. Ask it for fewer.",
                            code="too_many_files",
                        )
                    offer = Offer(file, asyncio.Event(), asyncio.get_running_loop())
                    offered.put(offer)
                    await offer.taken.wait()
                finally:
                    file.path.unlink(missing_ok=True)


def _store(claim: JobClaim, file: sdk.SourceFile) -> None:
    is_small = file.size <= settings.MAX_DOCUMENT_BYTES
    upload = Upload(file.name, file.path if is_small else None, file.size, is_temporary=True)
    loading.store_loaded_file(claim, upload)


def _in_english(error: StorageFullError) -> str:
    """What is stored is translated when it is shown."""
    with translation.override("en"):
        return error.message


def _give_up(claim: JobClaim, reason: str) -> None:
    with suppress(LostClaimError):
        loading.fail_loading(claim, reason)


def _retry(claim: JobClaim, reason: str) -> None:
    with suppress(LostClaimError):
        loading.retry_loading(claim, reason)
