"""How a client wants its answer written, within what the app's pipeline leaves open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DEFAULT_ANSWER_TOKENS: Final = 256
"""Of a pipeline that says nothing about it; the worker's default is the same."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Wishes for one run. None, or no stop texts, leaves a thing to the app.

    These fields are all that a client can say about how the engine works: what is not named here
    has no way to it.
    """

    answer_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


def sample_pipeline(pipeline: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
    """The pipeline of one run: the app's own, with the wishes where it fixes nothing.

    An answer may become shorter than the app's, never longer. Stages keep their configuration,
    which goes before these values when the worker builds the request.
    """
    wishes = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
    }
    chosen = {name: wish for name, wish in wishes.items() if wish is not None} | dict(pipeline)
    if sampling.answer_tokens is not None:
        most = pipeline.get("answer_tokens", DEFAULT_ANSWER_TOKENS)
        chosen["answer_tokens"] = min(sampling.answer_tokens, most)
    return chosen
