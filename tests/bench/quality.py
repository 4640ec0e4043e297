"""Quality of the default settings on public test sets: of retrieval, and of cited answers.

Each text of a set is one passage, so the figures of retrieval compare with published ones. Of a
sample of the questions that have gold answers the whole pipeline is asked, with the embedded
engine. What its figures mean stands in :mod:`tests.bench.answer_scoring`.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.answers import has_answers, measure_answers
from tests.bench.collection import BenchCollection, CachedEmbedder, Retrieve, retriever_over
from tests.bench.datasets import RETRIEVAL_SETS, DataSet, Question, data_directory, load_set
from tests.bench.metrics import ndcg, recall
from tests.bench.progress import report

MODES = ("lexical", "dense", "hybrid")
ANSWERS = 40
_DEPTH = 100

Figures = Mapping[str, Mapping[str, float]]


def run(arguments: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """By set: the measures of each mode of retrieval, and beside them those of the answers."""
    options = _parse(arguments)
    embedder = CachedEmbedder(options.cache)
    figures: dict[str, dict[str, Any]] = {}
    for name in options.sets:
        try:
            data = load_set(name)
        except FileNotFoundError:
            report(f"{name}: skipped, it is not in {data_directory().name}")
            continue
        report(f"{name}: {len(data.texts)} texts, {len(data.questions)} questions")
        figures[name] = dict(measure_set(data, embedder, limit=options.limit))
        for mode, measures in figures[name].items():
            report(f"  {mode:8} {measures}")
        if options.answers and has_answers(data):
            answers = measure_answers(data, embedder, sample=options.answers)
            report(f"  answers  {answers}")
            figures[name] |= answers
    return figures


def measure_set(data: DataSet, embedder: CachedEmbedder, *, limit: int | None = None) -> Figures:
    """nDCG@10 and recall of the three modes over the first ``limit`` questions."""
    questions = data.questions[:limit]
    embedder.learn_questions([question.text for question in data.questions])
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        collection = BenchCollection(Path(folder), data.texts, embedder)
        figures = {}
        for mode in MODES:
            retrieve = retriever_over(collection, mode=mode, k=_DEPTH, per_document=_DEPTH)
            figures[mode] = _measure(data, questions, retrieve, collection)
        collection.close()
    return figures


def _measure(
    data: DataSet, questions: Sequence[Question], retrieve: Retrieve, collection: BenchCollection
) -> dict[str, float]:
    sums = {"ndcg10": 0.0, "recall10": 0.0, "recall100": 0.0}
    for question in questions:
        ranked = collection.text_ids(retrieve(question))
        judged = data.judgements[question.id]
        sums["ndcg10"] += ndcg(ranked, judged, at=10)
        sums["recall10"] += recall(ranked, judged, at=10)
        sums["recall100"] += recall(ranked, judged, at=100)
    return {name: round(value / max(1, len(questions)), 4) for name, value in sums.items()}


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    home = Path(os.environ.get("ALTIPLANO_HOME", "var"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench quality")
    parser.add_argument("--sets", nargs="+", default=RETRIEVAL_SETS, choices=RETRIEVAL_SETS)
    parser.add_argument("--limit", type=int, help="questions per set for retrieval")
    parser.add_argument(
        "--answers",
        type=int,
        default=ANSWERS,
        help="answerable questions per question set that are put to the whole pipeline, and as "
        f"many unanswerable ones (default: {ANSWERS}; 0 asks none)",
    )
    parser.add_argument("--cache", type=Path, default=home / "bench" / "embeddings")
    return parser.parse_args(arguments)
