"""The promises that the suites prove, each with a rule code and a way to mend what broke it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

KIND_PAGES: Final = "docs/reference/plugin-kinds"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of the contract. ``hint`` says how a plugin that broke it is mended."""

    code: str
    title: str
    hint: str


CONTRACT: Final = Promise(
    "ALT700",
    "The contract of the kind",
    f"Read what this kind promises in {KIND_PAGES}.",
)
WHOLE: Final = Promise(
    "ALT701",
    "The suite is whole",
    "Keep every test of the suite, or state in conformance.toml why the plugin cannot keep one.",
)
SHAPES: Final = Promise(
    "ALT702",
    "Types and shapes",
    "Return the SDK's own frozen values: tuples for sequences, finite floats, text without halves "
    "of characters.",
)
REPEATABLE: Final = Promise(
    "ALT703",
    "The same again",
    "Take chance, clocks and the order of sets out of the result; sort where order matters.",
)
ODD_INPUT: Final = Promise(
    "ALT704",
    "Odd input",
    "Answer empty text and every script, or raise PermanentError with a sentence.",
)
HUGE_INPUT: Final = Promise(
    "ALT705",
    "Huge input",
    "Stop early or raise PermanentError with a sentence; beware of patterns that backtrack and of "
    "work that grows with the square of the text.",
)
CANCELLATION: Final = Promise(
    "ALT706",
    "Cancellation",
    "Let asyncio.CancelledError pass: no bare except, no shield, no endless retry.",
)
CONCURRENCY: Final = Promise(
    "ALT707",
    "Many calls at once",
    "Keep what belongs to one call in local variables, not on self or in the module.",
)
IDEMPOTENCE: Final = Promise(
    "ALT708",
    "Called again",
    "Store under keys made from the input and write the same value again; never append.",
)
TAXONOMY: Final = Promise(
    "ALT709",
    "Errors",
    "Raise the SDK's errors with a sentence for people, and check a capability for None before "
    "its use.",
)
ISOLATION: Final = Promise(
    "ALT710",
    "Nothing between organizations",
    "Keep nothing in modules or classes that a call wrote; use ctx.store, which each organization "
    "has for itself.",
)
BUDGETS: Final = Promise(
    "ALT711",
    "Grants and budgets",
    "Name every host, secret and capability in [grants], and ask for no more than they allow.",
)
SECRETS: Final = Promise(
    "ALT712",
    "Secrets stay secret",
    "Never put a secret into a result, a log or a message.",
)
CONFIG: Final = Promise(
    "ALT713",
    "The form of the configuration",
    'Give every field a description and the model extra="forbid".',
)
OWN_TEST: Final = Promise(
    "ALT714",
    "The author's own tests",
    "Run `pytest` in the folder to see all of it.",
)
MEASURING: Final = Promise(
    "ALT715",
    "Measuring",
    "The plugin failed while its speed, memory or effect was measured; make the suites pass first.",
)

PROMISES: Final = {
    promise.code: promise for promise in list(globals().values()) if isinstance(promise, Promise)
}


def proves(promise: Promise) -> Callable[[Test], Test]:
    """Marks a test as the proof of ``promise``; unmarked ones prove the kind's contract."""

    def mark(test: Test) -> Test:
        test.altiplano_promise = promise  # type: ignore[attr-defined]
        return test

    return mark


def promise_of(test: Any) -> Promise:
    """The promise that a test proves."""
    promise = getattr(test, "altiplano_promise", CONTRACT)
    return promise if isinstance(promise, Promise) else CONTRACT
