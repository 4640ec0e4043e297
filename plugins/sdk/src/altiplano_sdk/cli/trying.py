"""``dev``: the folder runs in a draft app, is sent again on every save, and tells what it does."""

import argparse
import queue
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from altiplano_sdk.cli.client import Platform, PlatformError, StreamEvent
from altiplano_sdk.cli.screen import Screen
from altiplano_sdk.cli.shipping import read_key
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.findings import PackageError
from altiplano_sdk.packaging.packing import pack_folder
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.source import is_ignored
from altiplano_sdk.packaging.vendoring import fetch_wheels

LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the folder: short beside the second that packing takes."""
_WAIT_AGAIN: Final = 2.0

Stamp = Mapping[str, tuple[int, int]]


def dev(options: argparse.Namespace, screen: Screen) -> int:
    """Runs until Ctrl-C. What is not sound is told and not sent: the last sound one goes on."""
    try:
        session = DevSession(
            options.folder, Platform(options.connect, read_key(options.key)), options.app, screen
        )
    except (PackageError, PlatformError) as error:
        screen.findings(error.findings)
        screen.bad(str(error) if isinstance(error, PlatformError) else "Nothing was sent.")
        return 1
    if not session.send():
        return 1
    screen.say("Add it to the pipeline in the builder, once, and ask. Save to send it again.")
    if session.builder:
        screen.say(f"  {options.connect.rstrip('/')}{session.builder}")
    screen.say("A draft has no network and no secrets. Ctrl-C ends.")
    screen.show()
    try:
        session.follow()
    except KeyboardInterrupt:
        screen.say("\nThe draft stays with the app until you send another.")
    return 0


class DevSession:
    """One folder, one app. :meth:`send` may be called again and again."""

    def __init__(self, folder: Path, platform: Platform, app: str, screen: Screen) -> None:
        self.folder = folder
        self.package = read_manifest(folder).id
        self.builder = ""
        """The path of the page on which the app's pipeline is built, once it was sent."""
        self._platform = platform
        self._app = app
        self._screen = screen
        self._events: queue.SimpleQueue[StreamEvent | str] = queue.SimpleQueue()
        self._over = threading.Event()
        self._stamp: Stamp = {}
        # Wheels are fetched once for the same requirements: saving a file must not wait for pip.
        self._fetch = cache(fetch_wheels)

    def send(self) -> bool:
        """The platform has the folder as it is; false when it is not sound or was refused."""
        self._stamp = stamp_of(self.folder)
        started = time.monotonic()
        try:
            with TemporaryDirectory(prefix="altiplano-dev-") as temporary:
                packed = pack_folder(self.folder, Path(temporary), fetch=self._fetch)
                answer = self._platform.put_draft(self.package, packed.path, app=self._app)
        except PackageError as error:
            self._screen.findings(error.findings, room=12)
            self._screen.bad("Not sent; the app goes on with what it has.")
        except PlatformError as error:
            self._screen.findings(error.findings, room=12)
            self._screen.bad(str(error))
        except OSError as error:
            # An editor moves files about while it saves. What it leaves is seen at the next look.
            name = Path(error.filename).name if error.filename else "a file"
            self._screen.bad(f"Not sent: {name} cannot be read ({error.strerror}).")
        else:
            self.builder = str(answer.get("builder") or "")
            seconds = time.monotonic() - started
            digest = str(answer.get("digest", packed.digest))[:12]
            self._screen.good(
                f"{self.package} {digest} is in the draft of {answer.get('app') or self._app} "
                f"({seconds:.1f} s)."
            )
            self._screen.show()
            return True
        self._screen.show()
        return False

    def changed(self) -> bool:
        """Whether a file is other than when it was last sent."""
        return stamp_of(self.folder) != self._stamp

    def follow(self) -> None:
        """Shows what happens and sends what is saved, until it is interrupted.

        The folder is looked at however much there is to show.
        """
        threading.Thread(target=self._listen, name="draft-events", daemon=True).start()
        try:
            self._tell_and_send()
        finally:
            self._over.set()

    def _tell_and_send(self) -> None:
        look_at = time.monotonic() + LOOK_EVERY
        while True:
            with suppress(queue.Empty):
                event = self._events.get(timeout=max(0.0, look_at - time.monotonic()))
                self._screen.say(event if isinstance(event, str) else told(event))
                self._screen.show()
            if time.monotonic() >= look_at:
                if self.changed():
                    self.send()
                look_at = time.monotonic() + LOOK_EVERY

    def _listen(self) -> None:
        """Puts every event into the queue; goes on where it was when the connection is lost."""
        since, lost = "", False
        while not self._over.is_set():
            try:
                for event in self._platform.follow_draft(self.package, since=since):
                    since, lost = event.id or since, False
                    self._events.put(event)
            except PlatformError as error:
                if not lost:
                    self._events.put(str(error))
                lost = True
            self._over.wait(_WAIT_AGAIN)


def stamp_of(folder: Path) -> Stamp:
    """Time and size of every file that travels, so that two stamps differ when a file does."""
    stamp: dict[str, tuple[int, int]] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") or part in layout.IGNORED_FOLDERS for part in name.parts)
        try:
            if hidden or is_ignored(name.as_posix()) or not path.is_file():
                continue
            state = path.stat()
        except OSError:
            continue  # removed between being listed and being looked at
        stamp[name.as_posix()] = (state.st_mtime_ns, state.st_size)
    return stamp


def told(event: StreamEvent) -> str:
    """The event in one line."""
    data = event.data
    clock = str(data.get("at", ""))[11:19]
    if event.event == "log":
        what = f"{data.get('level', 'info'):<7} {data.get('event', '')}{_words(data.get('fields'))}"
    elif event.event == "stage":
        ms = data.get("ms")
        taken = f"  {ms:.1f} ms" if isinstance(ms, int | float) else ""
        stage = data.get("plugin") or data.get("kind", "")
        what = f"stage   {stage}{taken}{_words(data.get('detail'))}"
    elif event.event == "run":
        what = f"run     {data.get('state', '')} {data.get('message', '')}"
    else:
        what = event.event
    return f"{clock} {what}".strip()


def _words(data: object) -> str:
    """Names and values, those within others too; what is empty is left out."""
    if not isinstance(data, Mapping):
        return ""
    words = ""
    for name, value in data.items():
        if isinstance(value, Mapping):
            words += _words(value)
        elif value not in (None, "", [], ()):
            words += f"  {name}={f'{value:.3g}' if isinstance(value, float) else value}"
    return words
