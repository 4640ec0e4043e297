"""Retrieval quality of the default settings on public test sets.

Answers of the whole pipeline are measured elsewhere, over the running system; this benchmark
needs no service. Each text of a set is one passage, so the figures compare with published ones.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.collection import BenchCollection, CachedEmbedder, Retrieve, retriever_over
from tests.bench.datasets import RETRIEVAL_SETS, DataSet, data_directory, load_set
from tests.bench.metrics import ndcg, recall
from tests.bench.progress import report

MODES = ("lexical", "dense", "hybrid")
_DEPTH = 100

Figures = Mapping[str, Mapping[str, float]]


def run(arguments: Sequence[str]) -> Mapping[str, Figures]:
    """The measures of each set that is there, by set and mode."""
    options = _parse(arguments)
    embedder = CachedEmbedder(options.cache)
    figures: dict[str, Figures] = {}
    for name in options.sets:
        try:
            data = load_set(name)
        except FileNotFoundError:
            report(f"{name}: skipped, it is not in {data_directory().name}")
            continue
        report(f"{name}: {len(data.texts)} texts, {len(data.questions)} questions")
        figures[name] = measure_set(data, embedder, limit=options.limit)
        for mode, measures in figures[name].items():
            report(f"  {mode:8} {measures}")
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
    data: DataSet, questions: Sequence, retrieve: Retrieve, collection: BenchCollection
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
    parser.add_argument("--limit", type=int, help="questions per set")
    parser.add_argument("--cache", type=Path, default=home / "bench" / "embeddings")
    return parser.parse_args(arguments)
