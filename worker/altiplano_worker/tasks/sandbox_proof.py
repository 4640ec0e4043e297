"""No plugin from outside runs before its worker tried the doors of the sandbox and found them closed."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future
from typing import Any, Final

import structlog
from celery.signals import worker_ready
from django.conf import settings

from altiplano.kernel.database_threads import write_database
from altiplano.ops.sandboxes import store_sandbox_report
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.runtime.sandbox.levels import NoSandboxError, SandboxLevel
from altiplano_worker.runtime.sandbox.selftest import SandboxStatus, probe_sandbox

log = structlog.get_logger(__name__)

QUEUE: Final = "runs"
_REFUSED: Final = (
    "Plugins from outside do not run on this machine: the self-test of its sandbox failed. The "
    "operator finds the reason in the overview."
)


class SandboxProof:
    """The self-test of this process, made once."""

    def __init__(self) -> None:
        self._status: SandboxStatus | None = None
        self._testing = asyncio.Lock()

    async def status(self) -> SandboxStatus:
        """What was found, which the overview shows for this machine from now on."""
        async with self._testing:
            if self._status is None:
                status = await probe_sandbox(wanted=wanted_level())
                await write_database(
                    lambda: store_sandbox_report(socket.gethostname(), status.as_json())
                )
                self._status = status
                _log(status)
            return self._status


def trusted_level(status: SandboxStatus) -> SandboxLevel:
    """The level at which plugins may run. Raises NoSandboxError when a door is open.

    ``none``, which closes no door, holds in development only, where an operator asked for it.
    """
    if status.level is SandboxLevel.NONE and settings.DEBUG:
        return status.level
    if status.level is None or not status.is_ready:
        raise NoSandboxError(_REFUSED)
    return status.level


def wanted_level() -> SandboxLevel | None:
    """What the operator chose; None for the strongest that works."""
    return SandboxLevel(settings.PLUGIN_SANDBOX) if settings.PLUGIN_SANDBOX else None


def _log(status: SandboxStatus) -> None:
    opened = [door.name for door in status.doors if not door.closed]
    level = status.level.value if status.level else None
    if status.is_ready:
        log.info("sandbox.closed", isolation=level)
    else:
        log.warning("sandbox.open", isolation=level, doors=opened, problem=status.problem)


_proof = SandboxProof()


async def proven_level() -> SandboxLevel:
    """The level that the self-test of this process proved. Raises NoSandboxError."""
    return trusted_level(await _proof.status())


def prove_level() -> SandboxLevel:
    """As :func:`proven_level`, tried anew, for a thread that has no loop and checks a package."""
    return trusted_level(asyncio.run(probe_sandbox(wanted=wanted_level())))


@worker_ready.connect
def try_doors(sender: Any = None, **_: object) -> None:
    """A worker that answers questions tries its doors as soon as it is up, beside its work."""
    queues = sender.app.amqp.queues.consume_from if sender is not None else ()
    if QUEUE in queues:
        process_loop.submit(_proof.status()).add_done_callback(_tell_failure)


def _tell_failure(done: Future[SandboxStatus]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        log.warning("sandbox.not_tried", error=type(error).__name__)
