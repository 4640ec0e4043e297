"""From passages to a checked answer: prompt, generator, guard; tools and evaluators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from altiplano_sdk.contracts.context import Context

if TYPE_CHECKING:
    from altiplano_sdk.contracts.retrieval import Passage, Query


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wishes that a tool is called. ``arguments`` is its JSON text, unchecked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A turn of a conversation.

    Only the platform writes the turns of tools: ``tool_calls`` of the assistant, and for each a
    message with the role ``tool`` whose ``tool_call_id`` names it.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as counted by the engine."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """``context_tokens`` is what the model can hold, ``answer_tokens`` what must stay free."""

    query: Query
    passages: tuple[Passage, ...]
    context_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class PromptResult:
    """Messages for the engine. ``passages[i]`` is what the model knows as ``[i + 1]``.

    ``trimmed`` says in sentences what was left out to fit the model's context.
    """

    messages: tuple[ChatMessage, ...]
    passages: tuple[Passage, ...]
    trimmed: tuple[str, ...] = ()


@runtime_checkable
class Prompt(Protocol):
    """Puts a question and its passages into words for a model.

    What a document or a person says is data: it is never a system message and holds no control
    token of a chat template (:mod:`altiplano_sdk.prompting` has what is needed for both).
    """

    async def build(self, request: PromptRequest, ctx: Context) -> PromptResult:
        """Messages that leave ``answer_tokens`` of ``context_tokens`` free, the question last.

        Tokens are estimated with :func:`altiplano_sdk.prompting.estimate_tokens`. Passages that do
        not fit are left out. Raises PermanentError (``question_too_long``) when the question alone
        does not fit.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it; ``parameters`` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """``tools`` are those that the model may wish to call; a generator may ignore them."""

    messages: tuple[ChatMessage, ...]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    top_p: float | None = None
    tools: tuple[ToolSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class GenerationDone:
    """Ends every generation exactly once. ``usage`` is None when the engine told nothing."""

    finish_reason: str
    usage: Usage | None = None


GenerationEvent = TextDelta | ToolCall | GenerationDone


@runtime_checkable
class Generator(Protocol):
    """Streams an answer: any number of deltas, the wished tool calls, then one GenerationDone."""

    def generate(self, request: GenerationRequest, ctx: Context) -> AsyncIterator[GenerationEvent]:
        """Events as they come; closing the iterator stops the model.

        Raises :class:`~altiplano_sdk.errors.EngineError` and its kinds, also after some deltas.
        """
        ...


class GuardPoint(StrEnum):
    """When a guard is asked: before retrieval, after it, or when the answer is complete."""

    INPUT = "input"
    EVIDENCE = "evidence"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class CitationSpan:
    """``answer[answer_start:answer_end]`` rests on ``passages[passage].text[start:end]``.

    ``passage`` is a position in :attr:`GuardRequest.passages` (from 0); ``start`` and ``end``
    are offsets in that passage's text.
    """

    passage: int
    start: int
    end: int
    answer_start: int
    answer_end: int


@dataclass(frozen=True, slots=True)
class GuardRequest:
    """What is to be judged: the question, from the evidence point on with its passages, at the
    answer point with the whole answer.
    """

    point: GuardPoint
    query: Query
    passages: tuple[Passage, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """What to do next.

    ``pass`` goes on (with ``citations``, at the answer point). ``abstain`` ends the run with the
    sentence that the documents do not say, and the nearest passages. ``block`` ends it with
    ``message``. ``replace`` swaps the answer for ``message``.
    """

    action: Literal["pass", "abstain", "block", "replace"] = "pass"
    message: str = ""
    reason: str = ""
    citations: tuple[CitationSpan, ...] = ()
    scores: Mapping[str, float] | None = None


@runtime_checkable
class Guard(Protocol):
    """Decides whether a run goes on, at the ``points`` that it states."""

    points: tuple[GuardPoint, ...]

    async def check(self, request: GuardRequest, ctx: Context) -> GuardVerdict:
        """A verdict on ``request``, which has no passages at the input point and an answer at the
        answer point only. An error ends the run: a guard that cannot judge does not let pass.
        """
        ...


class ToolEffect(StrEnum):
    """What a call does to the world outside the answer."""

    READ = "read"
    WRITE = "write"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """``content`` is text for the model, of at most 100,000 characters.

    With ``is_error`` it says what was wrong with the call, so that the model can mend it.
    """

    content: str
    is_error: bool = False


@runtime_checkable
class Tool(Protocol):
    """``parameters`` is the JSON Schema of the arguments; the platform checks them against it.

    A tool may also have ``effect``, a :class:`ToolEffect` (``read`` unless it says otherwise), and
    ``irreversible``, whether a call cannot be taken back (false unless it says so): such a call
    waits until the person who asked has agreed to it.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]

    async def call(self, arguments: Mapping[str, Any], ctx: Context) -> ToolResult:
        """What came of the call. Arguments that the schema forbids are a result with ``is_error``
        or a PermanentError; they are never guessed at.
        """
        ...


def effect_of(tool: Tool) -> ToolEffect:
    """What the tool says of itself. Raises ValueError for an effect that does not exist."""
    return ToolEffect(getattr(tool, "effect", ToolEffect.READ))


def is_irreversible(tool: Tool) -> bool:
    return bool(getattr(tool, "irreversible", False))


@dataclass(frozen=True, slots=True)
class ExampleAnswer:
    """One answered reference question, as an evaluator sees it.

    ``expected`` are wordings of which a right answer holds at least one; empty for a question that
    the documents do not answer. ``passages`` are those that the model was shown.
    """

    question: str
    expected: tuple[str, ...]
    answer: str
    passages: tuple[Passage, ...]
    abstained: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``scores`` are in 0..1, higher is better, one per named measure."""

    scores: Mapping[str, float]
    explanation: str = ""


@runtime_checkable
class Evaluator(Protocol):
    """Judges answers to reference questions, one at a time."""

    async def evaluate(self, example: ExampleAnswer, ctx: Context) -> Evaluation:
        """The same measures for every example, an empty answer and an abstention included."""
        ...
