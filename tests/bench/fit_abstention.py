"""Fits the abstention guard's models and says how well they do on questions not fitted on.

Every question is asked twice: of a collection with its article and of the same collection
without it. The articles are dealt into five parts; each part is judged by a model fitted on the
other four. ``python -m tests.bench fit_abstention`` prints what stands in the guard's
``chances.py``, as raw weights, with the figures quoted in the documentation.
"""

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import altiplano_sdk as sdk
from altiplano_plugins.guard_abstention.evidence import FEATURES, as_numbers, weigh_evidence
from altiplano_worker.runtime.loader import installed_plugins
from tests.bench.collection import BenchCollection, CachedEmbedder
from tests.bench.datasets import DataSet, Question, load_set
from tests.bench.progress import report

FOLDS = 5
_RIDGE = 0.1
_SEED = 5

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """Questions of some languages over texts of some, and the false refusals to be borne."""

    name: str
    data: str
    pairs: tuple[tuple[str, str], ...]
    questions: int
    false_refusals: float


PROFILES = (
    Profile("en", "xquad", (("en", "en"),), 600, 0.05),
    Profile("fr", "piaf_fr", (("fr", "fr"),), 1600, 0.10),
    Profile("other", "xquad", (("es", "es"), ("de", "de"), ("ru", "ru")), 200, 0.10),
    Profile("across", "xquad", (("es", "en"), ("de", "en"), ("en", "es")), 200, 0.10),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One row per asking: its features, whether the article was there, the article's fold."""

    features: Numbers
    present: Numbers
    fold: NDArray[np.int64]


def run(arguments: Sequence[str]) -> Mapping[str, Any]:
    """Per profile: intercept, weights, and the share of absent answers refused."""
    options = _parse(arguments)
    embedder = CachedEmbedder(options.cache)
    figures: dict[str, Any] = {}
    for profile in PROFILES:
        data = load_set(profile.data)
        embedder.learn_questions([question.text for question in data.questions])
        sample = collect_sample(profile, data, embedder)
        figures[profile.name] = fit_profile(sample, profile.false_refusals)
        report(f"{profile.name}: {figures[profile.name]}")
    figures["adversarial"] = judge_adversarial(figures["en"], load_set("squad2_dev"), embedder)
    report(f"adversarial: {figures['adversarial']}")
    return figures


def collect_sample(profile: Profile, data: DataSet, embedder: CachedEmbedder) -> Sample:
    """Every chosen question asked with and without its article."""
    article_of = {text.id: text.article for text in data.texts}
    folds = {name: at % FOLDS for at, name in enumerate(sorted(set(article_of.values())))}
    retriever = installed_plugins().create(sdk.StageKind.RETRIEVER, "hybrid", {})
    rows: list[tuple[tuple[float, ...], float, int]] = []
    for asked, written in profile.pairs:
        texts = [text for text in data.texts if text.language == written]
        questions = [question for question in data.questions if question.language == asked]
        random.Random(_SEED).shuffle(questions)
        with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
            collection = BenchCollection(Path(folder), texts, embedder)
            members: dict[str, set[int]] = {}
            for number, text in enumerate(texts, start=1):
                members.setdefault(article_of[text.id], set()).add(number)
            for question in questions[: profile.questions]:
                article = article_of[next(iter(data.judgements[question.id]))]
                for present in (True, False):
                    hidden = frozenset() if present else frozenset(members[article])
                    passages = _retrieve(retriever, collection, question, hidden)
                    evidence = weigh_evidence(question.text, passages)
                    rows.append((as_numbers(evidence), float(present), folds[article]))
            collection.close()
    features, present, fold = zip(*rows, strict=True)
    return Sample(np.array(features), np.array(present), np.array(fold))


def judge_adversarial(
    model: Mapping[str, Any], data: DataSet, embedder: CachedEmbedder
) -> dict[str, float]:
    """Share refused of questions that a passage answers, and of those that one nearly does.

    The latter were written over a passage of the collection so that it seems to answer them.
    Scores of passages cannot tell; only a reader of the passage could.
    """
    embedder.learn_questions([question.text for question in (*data.questions, *data.unanswerable)])
    retriever = installed_plugins().create(sdk.StageKind.RETRIEVER, "hybrid", {})
    weights = np.array([model["weights"][name] for name in FEATURES])

    def refused(questions: Sequence[Question], collection: BenchCollection) -> float:
        scores = [
            model["intercept"] + weights @ as_numbers(weigh_evidence(question.text, passages))
            for question in questions
            for passages in [_retrieve(retriever, collection, question, frozenset())]
        ]
        return round(float(np.mean(np.array(scores) < 0.0)), 4)

    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        collection = BenchCollection(Path(folder), data.texts, embedder)
        figures = {
            "answerable_refused": refused(data.questions, collection),
            "unanswerable_refused": refused(data.unanswerable, collection),
        }
        collection.close()
    return figures


def fit_profile(sample: Sample, false_refusals: float) -> dict[str, Any]:
    """The model fitted on everything, and what held-out articles say of it.

    The intercept is shifted so that a chance of one half refuses ``false_refusals`` of the
    answerable questions.
    """
    held_out = np.zeros(len(sample.present))
    for fold in range(FOLDS):
        inside = sample.fold != fold
        intercept, weights = fit_logistic(sample.features[inside], sample.present[inside])
        held_out[~inside] = intercept + sample.features[~inside] @ weights
    intercept, weights = fit_logistic(sample.features, sample.present)
    scores = intercept + sample.features @ weights
    shift = float(np.quantile(scores[sample.present == 1], false_refusals))
    return {
        "intercept": round(float(intercept) - shift, 4),
        "weights": {
            name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)
        },
        "refused_at_5": _refused(held_out, sample.present, 0.05),
        "refused_at_10": _refused(held_out, sample.present, 0.10),
    }


def fit_logistic(features: Numbers, outcome: Numbers) -> tuple[float, Numbers]:
    """Ridge-penalized logistic regression by Newton's method, in the features' own units."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    table = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    penalty = np.diag([_RIDGE] * features.shape[1] + [0.0])
    solution = np.zeros(table.shape[1])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(table @ solution, -30, 30)))
        slope = table.T @ (outcome - chance) - penalty @ solution
        curve = (table * (chance * (1 - chance))[:, None]).T @ table + penalty
        step = np.linalg.solve(curve, slope)
        solution += step
        if np.abs(step).max() < 1e-9:
            break
    weights = solution[:-1] / spread
    return float(solution[-1] - mean @ weights), weights


def _refused(scores: Numbers, present: Numbers, false_refusals: float) -> float:
    bar = np.quantile(scores[present == 1], false_refusals)
    return round(float((scores[present == 0] < bar).mean()), 4)


def _retrieve(
    retriever: sdk.Retriever,
    collection: BenchCollection,
    question: Question,
    hidden: frozenset[int],
) -> Sequence[sdk.Passage]:
    view = collection.without(hidden)
    query = sdk.Query(question.text, language=question.language)
    return asyncio.run(retriever.retrieve(query, replace(collection.context, index=view)))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    home = Path(os.environ.get("ALTIPLANO_HOME", "var"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench fit_abstention")
    parser.add_argument("--cache", type=Path, default=home / "bench" / "embeddings")
    return parser.parse_args(arguments)
