"""Drawing pages for the portal: one at a time, in a process that can be killed.

Only workers of the queue ``runs`` do so: they are never busy for long, and readers wait. On Linux
the drawing process dies with the thread that started it, so one thread does all of it.
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import redis
import structlog
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from django.db import DatabaseError, close_old_connections

import altiplano_sdk as sdk
from altiplano.knowledge import picture_wire as wire
from altiplano.knowledge.blobs import BlobName
from altiplano.knowledge.models import DocumentVersion
from altiplano.knowledge.pictures import SECONDS, WIDTH, PictureName
from altiplano_worker.runtime.parsing import ParseLimits, ParserProcess

log = structlog.get_logger(__name__)

QUEUE: Final = "runs"
POLL_SECONDS: Final = 1
PAUSE_SECONDS: Final = 1.0
DRAW_SECONDS: Final = SECONDS - 2
TRIM_EVERY: Final = 50
KEPT_SHARE: Final = 0.8
UNEXPECTED: Final = "The page could not be drawn because of a fault in the platform."


class PictureServer:
    """Draws until it is told to stop; one per process, on a thread of its own."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(
            redis_url, protocol=2, socket_timeout=POLL_SECONDS + 5, socket_connect_timeout=2
        )
        self._stopped = threading.Event()
        self._drawn = 0
        self._thread = threading.Thread(target=self._serve, name="pictures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Nothing is drawn any more."""
        self._stopped.set()
        self._thread.join(POLL_SECONDS + 5)

    def _serve(self) -> None:
        with ParserProcess() as process:
            while not self._stopped.is_set():
                try:
                    popped: Any = self._client.blpop([wire.REQUESTS_KEY], timeout=POLL_SECONDS)
                except redis.RedisError as error:
                    log.warning("pictures.broker_away", error=type(error).__name__)
                    self._stopped.wait(PAUSE_SECONDS)
                    continue
                if popped is not None:
                    self._answer(process, popped[1])
        self._client.close()

    def _answer(self, process: ParserProcess, data: bytes) -> None:
        try:
            request = wire.PictureRequest.decode(data)
            if request.deadline < time.time():  # nobody waits any more
                return
            close_old_connections()  # this thread has no request and no task that would do it
            reply = draw_picture(request, process)
            key = wire.reply_key(request.id)
            self._client.rpush(key, reply.encode())
            self._client.expire(key, wire.REPLY_SECONDS)
        except (ValueError, TypeError, KeyError, redis.RedisError) as error:
            log.warning("pictures.dropped", error=type(error).__name__)
        self._drawn += 1
        if self._drawn % TRIM_EVERY == 0:
            trim_pictures()


def draw_picture(request: wire.PictureRequest, process: ParserProcess) -> wire.PictureReply:
    """The picture is where the portal looks for it; what goes wrong is a reply, too."""
    try:
        version = (
            DocumentVersion.objects.within(request.organization_id)
            .filter(pk=request.version_id, document__deleted_at__isnull=True)
            .first()
        )
        if version is None:
            return wire.PictureReply("gone", "This document is gone.")
        name = PictureName(
            version.organization_id,
            version.sha256,
            request.page,
            request.passage,
            request.skipped,
        )
        if not name.path.exists():
            _store(name.path, _draw(version, request, process))
    except sdk.PluginError as error:
        return wire.PictureReply(error.code, error.message)
    except (OSError, DatabaseError):
        log.exception("pictures.failed", version=str(request.version_id))
        return wire.PictureReply("picture_failed", UNEXPECTED)
    return wire.PictureReply()


def _draw(version: DocumentVersion, request: wire.PictureRequest, process: ParserProcess) -> bytes:
    path = BlobName(version.organization_id, version.sha256, version.id).path
    return process.draw(
        sdk.SourceFile("page", version.media_type, path, version.bytes),
        page=request.page,
        width=WIDTH,
        passage=request.passage,
        skipped=request.skipped,
        limits=ParseLimits(
            seconds=DRAW_SECONDS, memory_bytes=settings.PARSE_MEMORY_BYTES, text_chars=0
        ),
    )


def _store(path: Path, picture: bytes) -> None:
    """The file is there whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        partial.write_bytes(picture)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def trim_pictures() -> int:
    """The cache is within its limit: the oldest pictures are gone; how many those were."""
    files = []
    for path in Path(settings.PICTURE_ROOT).glob("*/*/*/*"):
        with suppress(FileNotFoundError):
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    size = sum(each[1] for each in files)
    if size <= settings.PICTURE_CACHE_BYTES:
        return 0
    removed = 0
    for _, bytes_of_file, path in sorted(files):
        path.unlink(missing_ok=True)
        removed += 1
        size -= bytes_of_file
        if size <= settings.PICTURE_CACHE_BYTES * KEPT_SHARE:
            break
    return removed


_servers: list[PictureServer] = []


@worker_ready.connect
def start_drawing(sender: Any = None, **_: object) -> None:
    """The worker draws from now on, if it is one for questions."""
    queues = sender.app.amqp.queues.consume_from if sender is not None else ()
    if QUEUE in queues:
        server = PictureServer(settings.REDIS_URL)
        server.start()
        _servers.append(server)


@worker_shutdown.connect
def stop_drawing(**_: object) -> None:
    while _servers:
        _servers.pop().stop()
