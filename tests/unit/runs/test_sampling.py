"""A client's wishes and the app's pipeline: the app goes first, and nothing else gets through."""

from altiplano.runs.domain.sampling import Sampling, sample_pipeline
from altiplano_worker.runtime.pipeline import PipelineSpec
from altiplano_worker.tasks.run_answering import read_pipeline

STAGES = {"stages": [{"kind": "generator", "plugin": "openai-chat", "config": {"seed": 1}}]}


def test_without_wishes_the_pipeline_is_the_apps_own():
    assert sample_pipeline(STAGES, Sampling()) == STAGES


def test_wishes_stand_beside_the_stages_and_change_none():
    wishes = Sampling(temperature=0, top_p=0.5, seed=2, stop=("A", "B"))
    assert sample_pipeline(STAGES, wishes) == {
        **STAGES, "temperature": 0, "top_p": 0.5, "seed": 2, "stop": ["A", "B"],
    }  # fmt: skip


def test_what_the_app_fixes_goes_before_a_wish():
    fixed = {**STAGES, "temperature": 0.1, "answer_tokens": 50}
    chosen = sample_pipeline(fixed, Sampling(answer_tokens=99, temperature=1.5))
    assert chosen == fixed
    assert sample_pipeline(fixed, Sampling(answer_tokens=20))["answer_tokens"] == 20


def test_the_worker_reads_what_was_wished_and_nothing_it_does_not_know():
    stored = sample_pipeline(
        {"stages": [], "logit_bias": {"1": 1}},
        Sampling(answer_tokens=9, temperature=0.7, top_p=0.5, seed=2, stop=("A",)),
    )
    assert read_pipeline(stored) == PipelineSpec(
        stages=(), answer_tokens=9, temperature=0.7, top_p=0.5, seed=2, stop=("A",)
    )
    assert read_pipeline({"stages": []}) == PipelineSpec(stages=())
