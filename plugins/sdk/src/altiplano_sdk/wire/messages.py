"""What the two processes say to each other. Each message is the head of one frame.

The platform's side begins with ``start`` (close the doors) and ``load`` (import the package), each
answered. After that both sides speak when they have something to say; ``id`` ties together what
belongs together.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.wire.codec import WireError


@dataclass(frozen=True, slots=True)
class Start:
    """First word to the child: which doors to close behind itself, see ``sandbox_child.harden``.

    ``readable`` and ``writable`` are the only paths that stay open. ``uid`` is the account to
    become, None to stay. ``address_space`` holds what Python needs, too. ``enclosed`` says that the
    process is in a file system of its own.
    """

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    scratch: str
    address_space: int
    file_bytes: int
    uid: int | None = None
    enclosed: bool = False
    landlock: bool = True
    seccomp: bool = True
    type: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class Started:
    """The doors are closed. ``landlock`` is the ABI in force, 0 for none."""

    landlock: int
    seccomp: bool
    type: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Load:
    """Import the package in ``directory``; the body is its PackageManifest.

    With ``explain`` the log holds the words of errors, not only their types: for drafts.
    """

    directory: str
    explain: bool = False
    type: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class Examine:
    """Instead of ``load``: run the conformance suites on the package in ``directory``, and end."""

    directory: str
    type: Literal["examine"] = "examine"


@dataclass(frozen=True, slots=True)
class Examining:
    """How far the suites are: ``done`` of ``total`` checks. Comes any number of times, or never."""

    done: int
    total: int
    type: Literal["examining"] = "examining"


@dataclass(frozen=True, slots=True)
class Examined:
    """The body is the report as JSON. The package ran beside the suites: it may have forged it."""

    type: Literal["examined"] = "examined"


@dataclass(frozen=True, slots=True)
class Ready:
    kinds: tuple[StageKind, ...]
    type: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class Configure:
    """Make an instance that later calls name by ``id``; the body is its configuration."""

    id: int
    kind: StageKind
    type: Literal["configure"] = "configure"


@dataclass(frozen=True, slots=True)
class Configured:
    """The body holds the instance's attributes."""

    id: int
    type: Literal["configured"] = "configured"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    context_tokens: int


@dataclass(frozen=True, slots=True)
class EmbedderFacts:
    model_id: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Offered:
    """The capabilities of one call, as far as they can be told without asking back."""

    llm: ModelFacts | None = None
    embed: EmbedderFacts | None = None
    index: bool = False
    http: bool = False
    store: bool = False
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """The body holds the arguments."""

    id: int
    instance: int
    method: str
    offered: Offered
    type: Literal["call"] = "call"


@dataclass(frozen=True, slots=True)
class Result:
    """The body holds the result."""

    id: int
    type: Literal["result"] = "result"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a stream, for which the other side had given room with :class:`More`."""

    id: int
    type: Literal["item"] = "item"


@dataclass(frozen=True, slots=True)
class End:
    id: int
    type: Literal["end"] = "end"


@dataclass(frozen=True, slots=True)
class Error:
    """What was asked for under ``id`` failed; see :class:`~altiplano_sdk.wire.failures.Failure`."""

    id: int
    kind: str
    code: str
    message: str
    type: Literal["error"] = "error"


@dataclass(frozen=True, slots=True)
class More:
    """The reader of stream ``id`` has room for ``count`` more items."""

    id: int
    count: int
    type: Literal["more"] = "more"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop working on ``id``; answered with an error, or not at all when it was over already."""

    id: int
    type: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class Ask:
    """The plugin asks for a capability while it works on ``call``; the body holds the arguments."""

    id: int
    call: int
    name: str
    type: Literal["ask"] = "ask"


@dataclass(frozen=True, slots=True)
class Answer:
    """To an :class:`Ask`; the body holds the result."""

    id: int
    type: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class AnswerItem:
    id: int
    type: Literal["answer_item"] = "answer_item"


@dataclass(frozen=True, slots=True)
class AnswerEnd:
    id: int
    type: Literal["answer_end"] = "answer_end"


@dataclass(frozen=True, slots=True)
class AnswerError:
    id: int
    kind: str
    code: str
    message: str
    type: Literal["answer_error"] = "answer_error"


@dataclass(frozen=True, slots=True)
class Forget:
    """The plugin no longer reads the stream it asked for."""

    id: int
    type: Literal["forget"] = "forget"


@dataclass(frozen=True, slots=True)
class Log:
    """``call`` is 0 for what is said between calls; the body holds the fields."""

    call: int
    level: Literal["info", "warning"]
    event: str
    type: Literal["log"] = "log"


Message = (
    Start | Started | Load | Examine | Examining | Examined | Ready | Configure | Configured | Call | Result | Item | End | Error
    | More | Cancel | Ask | Answer | AnswerItem | AnswerEnd | AnswerError | Forget | Log
)  # fmt: skip

_ADAPTER: Final[TypeAdapter[Message]] = TypeAdapter(
    Annotated[Message, Field(discriminator="type")],
    config=ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, defer_build=True),
)


def encode_message(message: Message) -> bytes:
    return _ADAPTER.dump_json(message)


def decode_message(head: bytes) -> Message:
    """Raises WireError for what is none."""
    try:
        return _ADAPTER.validate_json(head)
    except ValidationError:
        raise WireError("the head of a frame is no message") from None
