"""A reading process that also has parsers which misbehave; started by the tests as a script.

The first argument, if there are two, is the number of files after which it wants to retire.

Each parser is chosen by its media type, ``trap/<what it does>``.
"""

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

from pydantic import BaseModel

import altiplano_sdk as sdk
from altiplano_worker.runtime.loader import LoadedPlugin, PluginRegistry
from altiplano_worker.runtime.parse_child import reading_plugins, serve


class Config(BaseModel):
    """Nothing to choose."""


def document(text: str) -> sdk.ParsedDocument:
    return sdk.ParsedDocument(text=text, pages=(sdk.PageSpan(1, 0, len(text)),))


def loop(path: Path) -> sdk.ParsedDocument:
    while True:
        pass


def wait(path: Path) -> sdk.ParsedDocument:
    threading.Event().wait()
    return document("never")


def hog(path: Path) -> sdk.ParsedDocument:
    held = []
    while True:
        held.append(bytearray(16 * 1024 * 1024))


def flood(path: Path) -> sdk.ParsedDocument:
    return document("flood " * 50_000_000)


def crash(path: Path) -> sdk.ParsedDocument:
    ctypes.string_at(0)
    return document("never")


def leave(path: Path) -> sdk.ParsedDocument:
    os._exit(3)


def stumble(path: Path) -> sdk.ParsedDocument:
    raise ZeroDivisionError(f"in {path}")


def overflow(path: Path) -> sdk.ParsedDocument:
    return overflow(path)


def tell_path(path: Path) -> sdk.ParsedDocument:
    raise sdk.UnreadableDocumentError(f"Cannot read {path}.")


def retry(path: Path) -> sdk.ParsedDocument:
    raise sdk.RetryableError("Try again later.", code="busy")


def chatter(path: Path) -> sdk.ParsedDocument:
    """Prints, and reads standard input, which must be out of reach."""
    print("x" * 100_000, flush=True)
    os.write(1, b"\xff" * 100_000)
    os.write(2, b"\xff" * 100_000)
    return document(f"read {len(sys.stdin.read())} characters")


def half_characters(path: Path) -> sdk.ParsedDocument:
    return document("broken \ud800 text")


def lie(path: Path) -> sdk.ParsedDocument:
    return sdk.ParsedDocument(text="short", pages=(sdk.PageSpan(1, 0, 5000),))


def show_surroundings(path: Path) -> sdk.ParsedDocument:
    """What can be seen of the worker: its environment and its working directory."""
    return document(f"{sorted(os.environ)} {Path.cwd()} nice {os.nice(0)}")


def write_file(path: Path) -> sdk.ParsedDocument:
    try:
        path.with_name("written").write_text("x" * 10_000)
    except OSError as error:
        return document(f"could not write: {error.strerror}")
    return document("wrote a file")


def fork_and_wait(path: Path) -> sdk.ParsedDocument:
    """Leaves its grandchild's process id as the name of a folder: files cannot be written."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    path.with_name(f"grandchild-{child.pid}").mkdir()
    return wait(path)


def make_parser(act):
    class TrapParser:
        media_types = (f"trap/{act.__name__}",)

        def __init__(self, config):
            self.config = config

        async def parse(self, source, ctx):
            return act(source.path)

    return TrapParser


TRAPS = (
    loop, wait, hog, flood, crash, leave, stumble, overflow, tell_path, retry, chatter,
    half_characters, lie, show_surroundings, write_file, fork_and_wait,
)  # fmt: skip


def trapped_registry() -> PluginRegistry:
    plugins = dict(reading_plugins().plugins)
    for act in TRAPS:
        manifest = sdk.Manifest(
            id=act.__name__.replace("_", "-"),
            version="1.0.0",
            kind=sdk.StageKind.PARSER,
            title=act.__name__,
            summary="Misbehaves.",
        )
        plugins[(sdk.StageKind.PARSER, manifest.id)] = LoadedPlugin(
            manifest, make_parser(act), Config
        )
    return PluginRegistry(plugins)


if __name__ == "__main__":
    serve(trapped_registry, retire_after=int(sys.argv[1]) if len(sys.argv) > 2 else 200)
