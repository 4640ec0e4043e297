"""What the worker and its reading process say to each other: length-prefixed JSON.

The worker trusts nothing that comes back: the reading process has had a stranger's file in its
hands. Sizes are checked before a frame is read, shapes and offsets before a value is used.
"""

import base64
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson

import altiplano_sdk as sdk

_LENGTH = struct.Struct("!Q")


class FrameTooLargeError(Exception):
    """The other side announced more than the reader is willing to take."""


class FrameError(Exception):
    """The other side said something that makes no sense."""


class FrameCutError(Exception):
    """The other side ended in the middle of a frame."""


def write_frame(stream: BinaryIO, value: Mapping[str, Any]) -> None:
    """``value`` is written and flushed. Raises TypeError for what JSON cannot hold."""
    body = orjson.dumps(value)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def read_frame(stream: BinaryIO, *, max_bytes: int) -> dict[str, Any] | None:
    """The next frame; None when the other side closed the stream between two frames.

    Raises FrameTooLargeError before reading a body of more than ``max_bytes``, FrameCutError when
    the stream ends inside a frame, and FrameError for anything that is no frame.
    """
    prefix = stream.read(_LENGTH.size)
    if not prefix:
        return None
    if len(prefix) < _LENGTH.size:
        raise FrameCutError("the stream ended inside a length")
    (length,) = _LENGTH.unpack(prefix)
    if length > max_bytes:
        raise FrameTooLargeError
    body = stream.read(length)
    if len(body) < length:
        raise FrameCutError("the stream ended inside a frame")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise FrameError("a frame is not JSON") from error
    if not isinstance(value, dict):
        raise FrameError("a frame is not an object")
    return value


def encode_result(document: sdk.ParsedDocument, spans: tuple[sdk.Span, ...]) -> dict[str, Any]:
    """The frame that :func:`decode_result` understands."""
    return {
        "text": document.text,
        "pages": [(page.number, page.start, page.end) for page in document.pages],
        "title": document.title,
        "language": document.language,
        "warnings": document.warnings,
        "spans": [(span.start, span.end) for span in spans],
    }


def decode_result(frame: Mapping[str, Any]) -> tuple[sdk.ParsedDocument, tuple[sdk.Span, ...]]:
    """The document and its spans.

    Raises FrameError unless pages and spans are in order and lie within the text.
    """
    try:
        text = str(frame["text"])
        pages = tuple(sdk.PageSpan(*map(int, page)) for page in frame["pages"])
        spans = tuple(sdk.Span(*map(int, span)) for span in frame["spans"])
        document = sdk.ParsedDocument(
            text=text,
            pages=pages,
            title=_optional(frame["title"]),
            language=_optional(frame["language"]),
            warnings=tuple(map(str, frame["warnings"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FrameError("a result is incomplete") from error
    _check_pages(pages, len(text))
    _check_spans(spans, len(text))
    return document, spans


def decode_picture(frame: Mapping[str, Any]) -> bytes:
    """The picture in the frame. Raises FrameError unless it is one of the format agreed on."""
    try:
        picture = base64.b64decode(str(frame["picture"]), validate=True)
    except (KeyError, ValueError) as error:
        raise FrameError("there is no picture in the frame") from error
    if not (picture[:4] == b"RIFF" and picture[8:12] == b"WEBP"):
        raise FrameError("the picture is no WebP")
    return picture


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


def _check_pages(pages: tuple[sdk.PageSpan, ...], length: int) -> None:
    end = number = 0
    for page in pages:
        if not (page.number > number and end <= page.start <= page.end <= length):
            raise FrameError("the pages do not lie in the text in order")
        number, end = page.number, page.end


def _check_spans(spans: tuple[sdk.Span, ...], length: int) -> None:
    start = -1
    for span in spans:
        if not start < span.start < span.end <= length:
            raise FrameError("the spans do not lie in the text in order")
        start = span.start
