"""The measures, the data sets' shapes and the cache that the benchmarks rest on."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.__main__ import benchmark_names, main
from tests.bench.datasets import Text, load_set
from tests.bench.embedding_cache import SHARD, EmbeddingCache
from tests.bench.fit_abstention import fit_logistic
from tests.bench.metrics import ndcg, recall
from tests.bench.search import measure_size

texts = st.sampled_from([f"d{number}" for number in range(12)])


@given(
    st.lists(texts, unique=True, min_size=1, max_size=12),
    st.dictionaries(texts, st.integers(0, 3), min_size=1).filter(
        lambda judged: any(judged.values())
    ),
)
def test_measures_agree_with_trec_eval(ranked, judged):
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="no wheel for this machine")
    evaluator = pytrec_eval.RelevanceEvaluator({"q": judged}, {"ndcg_cut.5", "recall.5"})
    scores = {text: float(len(ranked) - place) for place, text in enumerate(ranked)}
    reference = evaluator.evaluate({"q": scores})["q"]
    assert ndcg(ranked, judged, at=5) == pytest.approx(reference["ndcg_cut_5"])
    assert recall(ranked, judged, at=5) == pytest.approx(reference["recall_5"])


def test_a_question_without_relevant_texts_scores_nothing():
    assert ndcg(["a"], {"a": 0}, at=10) == 0.0
    assert recall(["a"], {}, at=10) == 0.0


def write_lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_judged_documents_are_read(tmp_path):
    folder = tmp_path / "fr_small"
    folder.mkdir()
    write_lines(
        folder / "corpus.jsonl",
        {"_id": "1", "title": "Titre", "text": "corps\0"},
        {"_id": "2", "text": "seul"},
    )
    write_lines(folder / "queries.jsonl", {"_id": "a", "text": "A ?"}, {"_id": "b", "text": "B ?"})
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\na\t1\t1\nb\t2\t0\n")
    data = load_set("fr_small", tmp_path)
    assert [(text.text, text.language) for text in data.texts] == [
        ("Titre corps ", "fr"),
        ("seul", "fr"),
    ]
    assert [question.id for question in data.questions] == ["a"]


def test_questions_over_passages_are_read(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    write_lines(
        folder / "passages.jsonl",
        {"id": "small-007-001", "title": "Article", "text": "text", "lang": "es"},
    )
    common = {"question": "Q?", "passage_id": "small-007-001"}
    write_lines(
        folder / "questions.jsonl",
        {"id": "1", "answers": ["yes"], **common},
        {"id": "2", "answers": [], "is_impossible": True, **common},
    )
    data = load_set("small", tmp_path)
    assert data.texts == (Text("small-007-001", "text", "es", "small-007"),)
    assert data.texts[0].article == "007"
    assert [question.answers for question in data.questions] == [("yes",)]
    assert [question.id for question in data.unanswerable] == ["2"]
    assert data.judgements == {"1": {"small-007-001": 1}}


def test_questions_that_need_several_passages_are_read(tmp_path):
    folder = tmp_path / "hops"
    folder.mkdir()
    write_lines(
        folder / "passages.jsonl",
        {"id": "h-1", "title": "Rome", "text": "old", "lang": "en"},
        {"id": "h-2", "title": "Oslo", "text": "new", "lang": "en"},
    )
    write_lines(
        folder / "questions.jsonl",
        {"id": "1", "question": "Q?", "answers": ["yes"], "passage_ids": ["h-1", "h-2"]},
    )
    data = load_set("hops", tmp_path)
    assert [(text.text, text.group, text.article) for text in data.texts] == [
        ("Rome old", "h-1", "1"),
        ("Oslo new", "h-2", "2"),
    ]
    assert data.judgements == {"1": {"h-1": 1, "h-2": 1}}


def test_a_missing_set_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_set("nothing", tmp_path)


def test_the_cache_makes_each_shard_once(tmp_path):
    made = []

    def make(shard):
        made.append(len(shard))
        return np.array([[len(text)] for text in shard], dtype=np.float32)

    sentences = ["x" * number for number in range(SHARD + 5)]
    for _ in range(2):
        cache = EmbeddingCache(tmp_path, model_id="m/1")
        rows = cache.embed(sentences, purpose="passage", make=make)
        assert rows[:, 0].tolist() == list(range(SHARD + 5))
    assert made == [SHARD, 5]
    EmbeddingCache(tmp_path, model_id="m/2").embed(sentences, purpose="passage", make=make)
    EmbeddingCache(tmp_path, model_id="m/1").embed(sentences[:1], purpose="query", make=make)
    assert made == [SHARD, 5, SHARD, 5, 1]


def test_the_logistic_fit_finds_the_weights_it_was_made_with():
    random = np.random.default_rng(3)
    features = random.standard_normal((4000, 2)) * [1.0, 10.0] + [0.0, 50.0]
    chance = 1 / (1 + np.exp(-(2.0 * features[:, 0] - 0.3 * (features[:, 1] - 50.0))))
    outcome = (random.random(4000) < chance).astype(float)
    intercept, weights = fit_logistic(features, outcome)
    assert weights == pytest.approx([2.0, -0.3], rel=0.15)
    assert intercept == pytest.approx(15.0, rel=0.15)


def test_the_search_benchmark_runs_small():
    figures = measure_size(600, 20)
    assert figures["vectors"] == 600
    assert figures["recall_at_10"] == 1.0
    assert all(isinstance(value, int | float) for value in figures.values())


def test_the_dispatcher_knows_its_benchmarks(capsys):
    assert {"search", "quality", "fit_abstention"} <= set(benchmark_names())
    assert main(["no-such-benchmark"]) == 2
    assert "usage" in capsys.readouterr().err
