"""What no suite can guess about a plugin, written down by its author in ``conformance.toml``.

The file lies beside the package's ``__init__.py`` and travels with it. All of it is optional::

    [config.guard]                    # a configuration to test with, by kind
    longest_word = 9

    [loader]
    reference = { station = "FR-01" } # what the loader is asked to bring

    [parser]
    file = "samples/report.xyz"       # a sound file of a format that the suites cannot write
    shows = ["First paragraph."]      # texts that must come out of it, in order

    [[tool.calls]]                    # calls with what their content must hold
    arguments = { value = 3, unit = "mi" }
    contains = "4.83"

    [[http]]                          # what a granted host answers
    url = "https://air.example.org/FR-01.csv"
    file = "samples/FR-01.csv"        # or: text = "..."

    [llm]
    replies = ["five"]                # what the model says first

    [exceptions.evaluator]            # promises that are not kept, and why: the report says so
    test_same_call_gives_the_same_result = "asks a model that is free to vary"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk.contracts import HttpResponse
from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.testing.capabilities import Prepared

SAMPLES_NAME = "conformance.toml"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """Arguments, and a text that the content of the result must hold."""

    arguments: Mapping[str, Any]
    contains: str = ""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A sound file for a parser, and what must come out of it, in order."""

    content: bytes
    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Samples:
    """The author's words, read and checked."""

    configs: Mapping[StageKind, Mapping[str, Any]] = field(default_factory=dict)
    reference: Mapping[str, Any] | None = None
    file: SampleFile | None = None
    calls: tuple[ToolCall, ...] = ()
    prepared: Prepared = field(default_factory=Prepared)
    exceptions: Mapping[StageKind, Mapping[str, str]] = field(default_factory=dict)


class SamplesError(ValueError):
    """``conformance.toml`` cannot be used; the message says what is wrong with it."""


def read_samples(directory: Path) -> Samples:
    """The samples of the package at ``directory``; empty ones when it brings none."""
    path = directory / SAMPLES_NAME
    if not path.is_file():
        return Samples()
    try:
        written = _Written.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:  # tomllib's, pydantic's and the codec's errors all are
        raise SamplesError(f"{SAMPLES_NAME} cannot be read: {error}") from error
    parser = written.parser
    return Samples(
        configs=written.config,
        reference=None if written.loader is None else written.loader.reference,
        file=None
        if parser is None
        else SampleFile(_inside(directory, parser.file).read_bytes(), parser.shows),
        calls=tuple(ToolCall(call.arguments, call.contains) for call in written.tool.calls),
        prepared=Prepared(
            responses={one.url: _response(directory, one) for one in written.http},
            replies=written.llm.replies,
        ),
        exceptions=written.exceptions,
    )


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Loader(_Strict):
    reference: dict[str, Any]


class _Parser(_Strict):
    file: str
    shows: tuple[str, ...] = Field(min_length=1)


class _Call(_Strict):
    arguments: dict[str, Any]
    contains: str = ""


class _Tool(_Strict):
    calls: tuple[_Call, ...] = ()


class _Response(_Strict):
    url: str
    file: str | None = None
    text: str = ""
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)


class _Model(_Strict):
    replies: tuple[str, ...] = ()


class _Written(_Strict):
    config: dict[StageKind, dict[str, Any]] = Field(default_factory=dict)
    loader: _Loader | None = None
    parser: _Parser | None = None
    tool: _Tool = _Tool()
    http: tuple[_Response, ...] = ()
    llm: _Model = _Model()
    exceptions: dict[StageKind, dict[str, str]] = Field(default_factory=dict)


def _response(directory: Path, one: _Response) -> HttpResponse:
    body = one.text.encode() if one.file is None else _inside(directory, one.file).read_bytes()
    return HttpResponse(one.status, one.headers, body)


def _inside(directory: Path, name: str) -> Path:
    path = (directory / name).resolve()
    if not path.is_relative_to(directory.resolve()) or not path.is_file():
        raise SamplesError(f"{SAMPLES_NAME} names {name!r}, which is no file of the package")
    return path
