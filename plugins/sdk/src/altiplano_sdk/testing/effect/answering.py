"""Prompt, guard, generator, tool, evaluator: what becomes of answers that should and should not be."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from altiplano_sdk.contracts.generation import (
    ChatMessage,
    ExampleAnswer,
    GenerationRequest,
    GuardPoint,
    GuardRequest,
    PromptRequest,
    TextDelta,
)
from altiplano_sdk.contracts.retrieval import Passage
from altiplano_sdk.errors import PluginError
from altiplano_sdk.testing.arguments import wrong_arguments
from altiplano_sdk.testing.effect.shares import each, effect, mean, share
from altiplano_sdk.testing.evaluator_suite import EvaluatorSuite
from altiplano_sdk.testing.generator_suite import GeneratorSuite
from altiplano_sdk.testing.guard_suite import GuardSuite
from altiplano_sdk.testing.prompt_suite import PromptSuite
from altiplano_sdk.testing.reference import ReferenceExample, ranked, reference_set
from altiplano_sdk.testing.report import Effect
from altiplano_sdk.testing.tool_suite import ToolSuite
from altiplano_sdk.testing.wording import best_sentence, rank_by_words

SMALL_CONTEXT: Final = 1_024
CHANCE: Final = 0.5


def effect_of_prompt(suite: PromptSuite) -> Mapping[str, Effect]:
    """How often the passage that answers reaches a model that holds 1,024 tokens."""
    plugin = suite.make_plugin()

    async def reaches(example: ReferenceExample) -> bool:
        found = [p for p, _ in rank_by_words(example.question, reference_set().passages)]
        request = PromptRequest(example.query, ranked(tuple(found)), SMALL_CONTEXT, 256)
        try:
            result = await plugin.build(request, suite.make_context())
        except PluginError:
            return False
        told = "\n".join(message.content for message in result.messages)
        return any(phrase.lower() in told.lower() for phrase in example.expected)

    return {"answers within the prompt": effect(0, share(each(reference_set().examples, reaches)))}


def effect_of_guard(suite: GuardSuite) -> Mapping[str, Effect]:
    """At each of its points: how much of the good goes on, how much of the bad is caught.

    An answer that is replaced by itself and something more goes on.
    """
    plugin = suite.make_plugin()

    async def goes_on(request: GuardRequest) -> bool:
        try:
            verdict = await plugin.check(request, suite.make_context())
        except PluginError:
            return False
        added = verdict.action == "replace" and request.answer in verdict.message
        return bool(verdict.action == "pass" or (added and request.answer))

    measured: dict[str, Effect] = {}
    for point in plugin.points:
        good, bad = _cases(point)
        measured[f"good let through ({point})"] = effect(1, share(each(good, goes_on)))
        measured[f"bad caught ({point})"] = effect(0, 1 - share(each(bad, goes_on)))
    return measured


def _cases(point: GuardPoint) -> tuple[list[GuardRequest], list[GuardRequest]]:
    """Ordinary and commanding questions; passages that answer or do not; good and bad answers."""
    data = reference_set()
    found = [
        GuardRequest(point, example.query, ranked((example.passage,)), example.good)
        for example in data.examples
    ]
    if point is GuardPoint.INPUT:
        asked = [replace(one, passages=(), answer="") for one in found]
        return asked, [GuardRequest(point, query) for query in data.orders]
    if point is GuardPoint.EVIDENCE:
        bare = [replace(one, answer="") for one in found]
        return bare, [replace(one, passages=_passages_of_another(one, bare)) for one in bare]
    wrong = [replace(one, answer=e.bad) for one, e in zip(found, data.examples, strict=True)]
    return found, wrong


def _passages_of_another(
    request: GuardRequest, requests: Sequence[GuardRequest]
) -> tuple[Passage, ...]:
    """Those of another question in the same language, which say nothing about this one."""
    same = [one for one in requests if one.query.language == request.query.language]
    return same[same.index(request) - 1].passages


def effect_of_generator(suite: GeneratorSuite) -> Mapping[str, Effect]:
    """How often the answer holds what was expected, beside the best sentence of the passage."""
    plugin = suite.make_plugin()

    async def says(example: ReferenceExample) -> str:
        told = f"{example.passage.text}\n\n{example.question}"
        request = GenerationRequest((ChatMessage("user", told),), max_tokens=64)
        try:
            events = [event async for event in plugin.generate(request, suite.make_context())]
        except PluginError:
            return ""
        return "".join(event.text for event in events if isinstance(event, TextDelta))

    examples = reference_set().examples
    quoted = [best_sentence(example.question, example.passage.text) for example in examples]
    return {"answers right": effect(_right(quoted), _right(each(examples, says)))}


def effect_of_tool(suite: ToolSuite) -> Mapping[str, Effect]:
    """How many of the author's calls are answered, and of the wrong ones refused."""
    plugin = suite.make_plugin()

    async def answered(arguments: Mapping[str, object]) -> bool:
        try:
            result = await plugin.call(dict(arguments), suite.make_context())
        except PluginError:
            return False
        return not result.is_error

    wrong = list(wrong_arguments(plugin.parameters))
    measured = {"wrong calls refused": effect(0, 1 - share(each(wrong, answered)))}
    if suite.samples.calls:
        known = [call.arguments for call in suite.samples.calls]
        measured["calls answered"] = effect(0, share(each(known, answered)))
    return measured


def effect_of_evaluator(suite: EvaluatorSuite) -> Mapping[str, Effect]:
    """How often a good answer scores above a bad one to the same question; equal is a half."""
    plugin = suite.make_plugin()

    async def score(example: ReferenceExample, answer: str) -> float:
        passages = ranked((example.passage,))
        told = ExampleAnswer(example.question, example.expected, answer, passages, abstained=False)
        evaluation = await plugin.evaluate(told, suite.make_context())
        return mean(list(evaluation.scores.values()))

    async def agree() -> list[float]:
        wins = []
        for example in reference_set().examples:
            good, bad = await score(example, example.good), await score(example, example.bad)
            wins.append(CHANCE if good == bad else float(good > bad))
        return wins

    return {"good above bad": effect(CHANCE, mean(asyncio.run(agree())))}


def _right(answers: Sequence[str]) -> float:
    return share(
        any(phrase.lower() in answer.lower() for phrase in example.expected)
        for answer, example in zip(answers, reference_set().examples, strict=True)
    )
