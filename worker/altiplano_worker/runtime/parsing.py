"""Documents are parsed in a process that can be killed.

Parsers work on strangers' files with libraries written in C: they may crash, loop or swallow all
memory. So they run in one warm child process per worker, and nothing they do can take the worker
with them: every call of :meth:`ParserProcess.parse` returns or raises within its time.
"""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import altiplano_sdk as sdk
from altiplano_worker.runtime.parse_frames import (
    FrameError,
    FrameTooLargeError,
    decode_picture,
    decode_result,
)
from altiplano_worker.runtime.parse_pipe import (
    ChildProcess,
    EndedError,
    ExchangeCancelledError,
    TimeUpError,
)

CHILD_COMMAND = (sys.executable, "-I", "-B", "-m", "altiplano_worker.runtime.parse_child")

_START_SECONDS = 60.0
_SLACK_BYTES = 1024 * 1024
# JSON writes a character with up to six bytes; spans and pages take about as much again.
_BYTES_PER_CHARACTER = 12
_PICTURE_BYTES = 16 * 1024 * 1024

T = TypeVar("T")

_NOT_STARTED = "The process that reads documents could not be started."
_STOPPED = "The process that reads documents was stopped while it read this file."
_CRASHED = (
    "The file made its reader stop unexpectedly. It may be damaged; try to save or export it again."
)


class ParseCancelledError(Exception):
    """The document was cancelled while it was read; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What one document may cost: wall time, memory beyond the idle child's, characters."""

    seconds: float
    memory_bytes: int
    text_chars: int


@dataclass(frozen=True, slots=True)
class ParseOutcome:
    """The text with its language filled in where it could be told, and the spans of its chunks."""

    document: sdk.ParsedDocument
    spans: tuple[sdk.Span, ...]


class ParserProcess:
    """One warm child, reused from file to file and replaced when it was killed or is worn out.

    Not thread-safe: one per worker process, made after the worker forked. On Linux the child
    dies with the thread that started it, and the next call starts another. ``command`` starts the
    child; the worker's process id is appended to it.
    """

    def __init__(
        self, *, command: Sequence[str] = CHILD_COMMAND, poll_seconds: float = 0.2
    ) -> None:
        self._command = tuple(command)
        self._poll_seconds = poll_seconds
        self._child: ChildProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id; None when there is no child at the moment."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """A child is running and warms up. :meth:`parse` sees to it too; earlier is faster.

        Raises RetryableError when none could be started.
        """
        self._running_child()

    def parse(
        self,
        source: sdk.SourceFile,
        *,
        limits: ParseLimits,
        parser_config: Mapping[str, Any] | None = None,
        splitter: tuple[str, Mapping[str, Any]] = ("sentence", {}),
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> ParseOutcome:
        """The document's text and spans, within ``limits``.

        Raises UnreadableDocumentError (or what else the parser raised on purpose) with its own
        sentence, BudgetExceededError when a limit was hit, ParseCancelledError soon after
        ``is_cancelled`` first says so, RetryableError when the child was lost through no fault of
        the file. After any of them the next call works.
        """
        splitter_id, splitter_config = splitter
        return self._ask(
            _request(source, limits)
            | {
                "parser_config": dict(parser_config or {}),
                "splitter": (splitter_id, dict(splitter_config)),
                "text_chars": limits.text_chars,
            },
            lambda answer: ParseOutcome(*decode_result(answer)),
            limits=limits,
            max_bytes=limits.text_chars * _BYTES_PER_CHARACTER + _SLACK_BYTES,
            is_cancelled=is_cancelled,
        )

    def draw(
        self,
        source: sdk.SourceFile,
        *,
        page: int,
        width: int,
        limits: ParseLimits,
        passage: str = "",
        skipped: int = 0,
    ) -> bytes:
        """A picture of the page, the passage (after ``skipped`` equal ones) marked on it if it is
        found there.

        Raises what :meth:`parse` does; also for kinds of files that have no pages.
        """
        return self._ask(
            _request(source, limits)
            | {
                "draw": {"page": page, "width": width, "passage": passage, "skipped": skipped},
            },
            decode_picture,
            limits=limits,
            max_bytes=_PICTURE_BYTES,
            is_cancelled=lambda: False,
        )

    def _ask(
        self,
        request: Mapping[str, Any],
        decode: Callable[[Mapping[str, Any]], T],
        *,
        limits: ParseLimits,
        max_bytes: int,
        is_cancelled: Callable[[], bool],
    ) -> T:
        child = self._running_child()
        try:
            answer = child.exchange(
                request,
                seconds=limits.seconds,
                max_bytes=max_bytes,
                is_cancelled=is_cancelled,
                poll_seconds=self._poll_seconds,
            )
            outcome = None if "refused" in answer else decode(answer)
        except BaseException as error:
            # The child may still be busy with this file: whatever happened, it has to go.
            explained = _explain(error, self._discard(), limits)
            if explained is None:
                raise
            raise explained from error
        if answer.get("retire"):
            self.close()
        if outcome is None:
            raise _refusal(answer, limits)
        return outcome

    def close(self) -> None:
        """The child has ended. Closing twice does nothing; a later parse starts a new one."""
        child, self._child = self._child, None
        if child is not None:
            child.stop()

    def _running_child(self) -> ChildProcess:
        if self._child is not None and self._child.has_ended():
            self._discard()
        if self._child is None:
            self._child = _start_child(self._command)
        return self._child

    def _discard(self) -> int:
        """Kills the child with all it started; its exit code."""
        child, self._child = self._child, None
        return child.kill() if child is not None else 0


def _start_child(command: Sequence[str]) -> ChildProcess:
    try:
        child = ChildProcess(command)
    except OSError as error:
        raise sdk.RetryableError(_NOT_STARTED) from error
    try:
        child.exchange(
            None,
            seconds=_START_SECONDS,
            max_bytes=_SLACK_BYTES,
            is_cancelled=lambda: False,
            poll_seconds=_START_SECONDS,
        )
    except BaseException as error:
        child.kill()
        if isinstance(error, (TimeUpError, EndedError, FrameError, FrameTooLargeError)):
            raise sdk.RetryableError(_NOT_STARTED) from error
        raise
    return child


def _request(source: sdk.SourceFile, limits: ParseLimits) -> dict[str, Any]:
    return {
        "source": {
            "name": source.name,
            "media_type": source.media_type,
            "path": str(source.path.absolute()),
            "size": source.size,
        },
        "seconds": limits.seconds,
        "memory_bytes": limits.memory_bytes,
    }


def _explain(error: BaseException, exit_code: int, limits: ParseLimits) -> Exception | None:
    """What the caller is told when the exchange failed; None for errors that are its own."""
    if isinstance(error, ExchangeCancelledError):
        return ParseCancelledError("The document was cancelled while it was read.")
    if isinstance(error, TimeUpError):
        return _out_of_time(limits)
    if isinstance(error, FrameTooLargeError):
        return _out_of_text(limits)
    if isinstance(error, EndedError):
        return _explain_end(exit_code, limits)
    if isinstance(error, FrameError):
        return sdk.UnreadableDocumentError(_CRASHED, code="reader_crashed")
    return None


def _explain_end(exit_code: int, limits: ParseLimits) -> sdk.PluginError:
    if sys.platform != "win32":
        if exit_code == -signal.SIGXCPU:
            return _out_of_time(limits)
        if exit_code in (-signal.SIGKILL, -signal.SIGTERM):
            return sdk.RetryableError(_STOPPED)
    return sdk.UnreadableDocumentError(_CRASHED, code="reader_crashed")


def _refusal(answer: Mapping[str, Any], limits: ParseLimits) -> sdk.PluginError:
    """The error that the parser raised, or that a limit in the child caused."""
    kind = answer.get("refused")
    message, code = str(answer.get("message")), str(answer.get("code"))
    match kind:
        case "memory":
            return _out_of_memory(limits)
        case "text":
            return _out_of_text(limits)
        case "budget":
            return sdk.BudgetExceededError(message, code=code)
        case "retryable":
            return sdk.RetryableError(message, code=code)
        case "permanent":
            return sdk.PermanentError(message, code=code)
        case _:
            return sdk.UnreadableDocumentError(message, code=code)


def _out_of_time(limits: ParseLimits) -> sdk.BudgetExceededError:
    unit = "second" if limits.seconds == 1 else "seconds"
    return sdk.BudgetExceededError(
        f"The file took longer than {limits.seconds:g} {unit} to read.", code="parse_time"
    )


def _out_of_memory(limits: ParseLimits) -> sdk.BudgetExceededError:
    megabytes = limits.memory_bytes // (1024 * 1024)
    return sdk.BudgetExceededError(
        f"The file needed more than {megabytes} MB of memory to read.", code="parse_memory"
    )


def _out_of_text(limits: ParseLimits) -> sdk.BudgetExceededError:
    return sdk.BudgetExceededError(
        f"The file holds more than {limits.text_chars:,} characters of text. Split it into smaller "
        "files.",
        code="parse_text",
    )
