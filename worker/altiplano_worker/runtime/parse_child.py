"""The process that holds a stranger's file: parses, splits, detects the language, draws, answers.

Started by :mod:`altiplano_worker.runtime.parsing` with an empty environment. It reads one
request at a time from its standard input, answers on its standard output, ends when its input
ends, and can be killed at any moment: it owns nothing that outlives it.
"""

import asyncio
import base64
import os
import select
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, BinaryIO

import altiplano_sdk as sdk
from altiplano_worker.runtime.loader import (
    GROUP_PREFIX,
    LoadedPlugin,
    PluginRegistry,
    load_plugins,
)
from altiplano_worker.runtime.parse_frames import encode_result, read_frame, write_frame
from altiplano_worker.runtime.parse_language import detect_language, language_model
from altiplano_worker.runtime.parse_limits import (
    files_allowed,
    lift_memory_limit,
    limit_next_file,
    live_modestly,
    resident_bytes,
)

_MAX_REQUEST_BYTES = 1024 * 1024
RETIRE_AFTER_FILES = 2000
"""A new one costs a second of processor time, as much as some hundred small files; what leaks before
is bounded by the memory it may hold."""
_RETIRE_ABOVE_BYTES = 768 * 1024 * 1024
_MAX_MESSAGE_CHARACTERS = 500


class _NoLog:
    """Parsers get no log: what they would write comes from the file."""

    def info(self, event: str, **fields: Any) -> None:
        """Forgets the event."""

    def warning(self, event: str, **fields: Any) -> None:
        """Forgets the event."""


def reading_plugins() -> PluginRegistry:
    """Parsers and splitters that are installed; other kinds are not imported here."""
    kinds = (sdk.StageKind.PARSER, sdk.StageKind.SPLITTER)
    return load_plugins(
        point for kind in kinds for point in entry_points(group=f"{GROUP_PREFIX}{kind.value}")
    )


def serve(
    load_registry: Callable[[], PluginRegistry] = reading_plugins,
    *,
    retire_after: int = RETIRE_AFTER_FILES,
) -> None:
    """Answers requests until the input ends. The last argument is the worker's process id.

    After ``retire_after`` files, or when it holds too much memory, it asks to be replaced: what
    C libraries leak goes with it.
    """
    live_modestly(int(sys.argv[-1]))
    requests, answers = _take_over_pipes()
    registry = load_registry()
    write_frame(answers, {"ready": True})
    _warm_up(requests)
    served = 0
    while (request := read_frame(requests, max_bytes=_MAX_REQUEST_BYTES)) is not None:
        answer = _answer(registry, request)
        served += 1
        worn = served >= retire_after or resident_bytes() > _RETIRE_ABOVE_BYTES
        try:
            write_frame(answers, {**answer, "retire": worn})
        except TypeError:  # text that is no Unicode, from a parser that does not clean
            write_frame(answers, {**_refusal("unreadable", _unexpected()), "retire": worn})


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the worker, out of reach of plugins that print or read standard input."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _warm_up(requests: BinaryIO) -> None:
    """Loads what the first file needs, unless one is already waiting."""
    if sys.platform != "win32" and not select.select([requests], [], [], 0)[0]:
        _load_language_model()


def _load_language_model() -> None:
    with files_allowed():
        language_model()


def _answer(registry: PluginRegistry, request: dict[str, Any]) -> dict[str, Any]:
    """A result or a refusal; whatever a plugin raises, the process goes on."""
    path = str(request["source"]["path"])
    try:
        return _draw(registry, request) if "draw" in request else _parse(registry, request)
    except MemoryError:
        lift_memory_limit()
        return _refusal("memory", sdk.BudgetExceededError("too much memory"))
    except sdk.PluginError as error:
        return _refusal(_kind_of(error), error, path)
    except Exception:  # noqa: BLE001 - a stranger's file reaches every corner of a parser
        return _refusal("unreadable", _unexpected())
    finally:
        lift_memory_limit()


def _draw(registry: PluginRegistry, request: dict[str, Any]) -> dict[str, Any]:
    source = _source_of(request)
    painter = _parser_for(registry, source.media_type, {})
    if not isinstance(painter, sdk.PagePainter):
        raise sdk.UnreadableDocumentError("Files of this kind have no pages to show.")
    wish = sdk.PageWish(**request["draw"])
    limit_next_file(memory_bytes=request["memory_bytes"], seconds=request["seconds"])
    picture = asyncio.run(painter.draw_page(source, wish, sdk.Context(log=_NoLog())))
    return {"picture": base64.b64encode(picture).decode("ascii")}


def _source_of(request: dict[str, Any]) -> sdk.SourceFile:
    return sdk.SourceFile(
        name=request["source"]["name"],
        media_type=request["source"]["media_type"],
        path=Path(request["source"]["path"]),
        size=request["source"]["size"],
    )


def _parse(registry: PluginRegistry, request: dict[str, Any]) -> dict[str, Any]:
    source = _source_of(request)
    splitter_id, splitter_config = request["splitter"]
    parser = _parser_for(registry, source.media_type, request["parser_config"])
    splitter: sdk.Splitter = registry.create(sdk.StageKind.SPLITTER, splitter_id, splitter_config)
    text_limit = int(request["text_chars"])
    limit_next_file(memory_bytes=request["memory_bytes"], seconds=request["seconds"])
    document, spans = asyncio.run(_read(parser, splitter, source, text_limit))
    lift_memory_limit()
    result = encode_result(document, spans)
    _load_language_model()
    result["language"] = document.language or detect_language(document.text)
    return result


async def _read(
    parser: sdk.Parser, splitter: sdk.Splitter, source: sdk.SourceFile, text_limit: int
) -> tuple[sdk.ParsedDocument, tuple[sdk.Span, ...]]:
    ctx = sdk.Context(log=_NoLog())
    document = await parser.parse(source, ctx)
    if len(document.text) > text_limit:
        raise sdk.BudgetExceededError("too much text", code="text")
    return document, await splitter.split(document, ctx)


def _parser_for(registry: PluginRegistry, media_type: str, config: dict[str, Any]) -> sdk.Parser:
    for plugin in registry.of_kind(sdk.StageKind.PARSER):
        if isinstance(plugin, LoadedPlugin) and media_type in getattr(
            plugin.cls, "media_types", ()
        ):
            parser: sdk.Parser = plugin.create(config)
            return parser
    raise sdk.UnreadableDocumentError(f"No installed plugin reads files of type {media_type}.")


def _kind_of(error: sdk.PluginError) -> str:
    if isinstance(error, sdk.BudgetExceededError):
        return "text" if error.code == "text" else "budget"
    if isinstance(error, sdk.UnreadableDocumentError):
        return "unreadable"
    return "retryable" if isinstance(error, sdk.RetryableError) else "permanent"


def _refusal(kind: str, error: sdk.PluginError, path: str = "") -> dict[str, Any]:
    message = error.message.replace(path, "the file") if path else error.message
    return {
        "refused": kind,
        "code": error.code,
        "message": message[:_MAX_MESSAGE_CHARACTERS].encode("utf-8", "replace").decode(),
    }


def _unexpected() -> sdk.UnreadableDocumentError:
    return sdk.UnreadableDocumentError(
        "The file could not be read: it seems to be damaged or to be written in an unusual way."
    )


if __name__ == "__main__":
    serve()
