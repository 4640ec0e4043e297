"""Asks questions of the whole default pipeline, with the embedded engine and its weights.

Nothing is replaced but the platform around the pipeline: the runner, the installed plugins, the
index store and the engine are those of a new installation.
"""

import asyncio
import random
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import altiplano_sdk as sdk
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from altiplano_worker.runtime.context import EndpointLanguageModel
from altiplano_worker.runtime.loader import installed_plugins
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome
from altiplano_worker.runtime.parse_language import detect_language
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec
from altiplano_worker.runtime.runner import execute_pipeline
from tests.bench.answer_scoring import Reply, score_answers
from tests.bench.collection import BenchCollection, CachedEmbedder
from tests.bench.datasets import DataSet, Question
from tests.bench.embedded_engine import embedded_engine
from tests.bench.progress import report

CITED_ANSWER: Final = PipelineSpec(
    (
        StageSpec(sdk.StageKind.RETRIEVER, "hybrid"),
        StageSpec(sdk.StageKind.GUARD, "abstention"),
        StageSpec(sdk.StageKind.PROMPT, "cited"),
        StageSpec(sdk.StageKind.GENERATOR, "openai-chat"),
        StageSpec(sdk.StageKind.GUARD, "citations"),
    )
)
"""The studio's template of this name, which a test holds it to: a benchmark needs no Django."""

LANGUAGES: Final = {"xquad": "en"}
"""Of a set in many languages, the one that is asked in and answered from."""

_SEED = 5
_REPORT_EVERY = 10


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, and the chunks that are taken out of the collection before it is asked."""

    question: Question
    hidden: frozenset[int] = frozenset()


def has_answers(data: DataSet) -> bool:
    """Whether the set says which words answer, not only which texts."""
    return any(question.answers for question in data.questions)


def measure_answers(data: DataSet, embedder: CachedEmbedder, *, sample: int) -> dict[str, float]:
    """The figures of ``score_answers`` over ``sample`` answerable and as many unanswerable ones.

    The unanswerable are the set's own; where it has none, each answerable question is asked once
    more of the collection without the article that answers it.
    """
    data = in_one_language(data)
    answerable = choose_sample(data.questions, sample)
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        collection = BenchCollection(Path(folder), data.texts, embedder)
        with closing(collection), embedded_engine() as endpoint:
            askings = [Asking(question) for question in answerable]
            askings += choose_unanswerable(data, answerable, sample)
            replies = asyncio.run(_ask_all(askings, collection, endpoint))
    return score_answers(replies[: len(answerable)], replies[len(answerable) :])


def in_one_language(data: DataSet) -> DataSet:
    """The set with the texts and questions of its language in ``LANGUAGES``, if it has one."""
    language = LANGUAGES.get(data.name)
    if language is None:
        return data
    return replace(
        data,
        texts=tuple(text for text in data.texts if text.language == language),
        questions=tuple(each for each in data.questions if each.language == language),
        unanswerable=tuple(each for each in data.unanswerable if each.language == language),
    )


def choose_sample(questions: Sequence[Question], count: int) -> tuple[Question, ...]:
    """``count`` of the questions, the same at every call; a larger sample holds a smaller one."""
    shuffled = list(questions)
    random.Random(_SEED).shuffle(shuffled)
    return tuple(shuffled[:count])


def choose_unanswerable(
    data: DataSet, answerable: Sequence[Question], count: int
) -> tuple[Asking, ...]:
    """Questions that the collection, as each of them sees it, does not answer."""
    if data.unanswerable:
        return tuple(Asking(each) for each in choose_sample(data.unanswerable, count))
    article_of = {text.id: text.article for text in data.texts}
    members: dict[str, set[int]] = {}
    for number, text in enumerate(data.texts, start=1):
        members.setdefault(text.article, set()).add(number)
    askings = []
    for question in answerable:
        judged = data.judgements[question.id]
        articles = {article_of[text] for text, gain in judged.items() if gain > 0}
        hidden = frozenset().union(*(members[article] for article in articles))
        askings.append(Asking(replace(question, answers=()), hidden))
    return tuple(askings)


async def _ask_all(
    askings: Sequence[Asking], collection: BenchCollection, endpoint: EndpointConfig
) -> list[Reply]:
    """One after the other: answers made side by side may differ from run to run."""
    replies = []
    async with EngineClient() as client:
        model = EndpointLanguageModel(client, endpoint)
        for count, asking in enumerate(askings, start=1):
            outcome = await _ask(asking, collection, model)
            replies.append(as_reply(asking.question, outcome))
            if count % _REPORT_EVERY == 0:
                report(f"  {count} of {len(askings)} questions asked")
    return replies


async def _ask(
    asking: Asking, collection: BenchCollection, model: EndpointLanguageModel
) -> RunOutcome:
    """The outcome of one run. The question's language is told from its words, as in the platform."""
    question = asking.question
    context = replace(collection.context, index=collection.without(asking.hidden), llm=model)
    return await execute_pipeline(
        CITED_ANSWER,
        RunInput(question.id, sdk.Query(question.text, language=detect_language(question.text))),
        registry=installed_plugins(),
        context=context,
        emit=lambda event: None,
        limits=RunLimits(),
    )


def as_reply(question: Question, outcome: RunOutcome) -> Reply:
    """What is judged of an outcome. Raises RuntimeError for a run that did not finish.

    A run that failed is neither an answer nor a refusal, and no figure should hide it.
    """
    if outcome.state != "finished":
        raise RuntimeError(f"{question.id}: {outcome.code or outcome.state}. {outcome.message}")
    return Reply(
        answer=outcome.answer,
        abstained=outcome.abstained,
        quotes=tuple(citation.quote for citation in outcome.citations),
        gold=question.answers,
        language=question.language,
    )
