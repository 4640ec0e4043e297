import pytest

from altiplano_sdk import GuardPoint, PermanentError
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec, plan_pipeline
from tests.unit.runtime.stages import Bench, finding, prompt_all, saying, verdict


def plan(*kinds: str):
    bench = Bench()
    for kind in kinds:
        bench.add(kind, prompt_all, GuardPoint.ANSWER)
    specs = tuple(StageSpec(stage[0], f"stage-{i}") for i, stage in enumerate(bench.stages))
    return plan_pipeline(PipelineSpec(specs), registry=bench.registry())


@pytest.mark.parametrize(
    "kinds",
    [
        ("prompt", "generator"),
        ("guard", "query", "retriever", "reranker", "reranker", "guard", "prompt", "generator"),
        ("prompt", "generator", "guard", "guard"),
    ],
)
def test_sensible_pipelines_are_planned(kinds):
    planned = plan(*kinds)
    assert planned.prompt.position == kinds.index("prompt")
    assert len(planned.rerankers) == kinds.count("reranker")
    assert len(planned.guards_at(GuardPoint.ANSWER)) == kinds.count("guard")
    assert planned.guards_at(GuardPoint.INPUT) == ()


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ((), "exactly one prompt"),
        (("generator",), "exactly one prompt"),
        (("prompt",), "exactly one generator"),
        (("prompt", "prompt", "generator"), "exactly one prompt"),
        (("retriever", "retriever", "prompt", "generator"), "at most one retriever"),
        (("query", "query", "prompt", "generator"), "at most one query"),
        (("reranker", "prompt", "generator"), "needs a retriever"),
        (("generator", "prompt"), "prompt stage must come before the generator"),
        (("prompt", "retriever", "generator"), "retriever stage must come before the prompt"),
        (("retriever", "query", "prompt", "generator"), "query stage must come before"),
        (("parser", "prompt", "generator"), "parser stage does not belong"),
        (("evaluator", "prompt", "generator"), "prompt stage must come before the evaluator"),
        (("guard",) * 31 + ("prompt", "generator"), "at most 32"),
    ],
)
def test_pipeline_that_cannot_answer_is_refused_with_a_sentence(kinds, sentence):
    with pytest.raises(PermanentError, match=sentence) as caught:
        plan(*kinds)
    assert caught.value.code == "pipeline_invalid"


def test_unknown_plugin_is_named():
    bench = Bench().add("prompt", prompt_all).add("generator", saying("a"))
    specs = (*(StageSpec(s[0], f"stage-{i}") for i, s in enumerate(bench.stages)),)
    specs = (StageSpec(specs[0].kind, "missing"), specs[1])
    with pytest.raises(PermanentError, match="missing"):
        plan_pipeline(PipelineSpec(specs), registry=bench.registry())


def test_guard_is_found_at_each_of_its_points():
    bench = Bench().add("guard", verdict(), GuardPoint.INPUT, GuardPoint.EVIDENCE)
    bench.add("retriever", finding()).add("prompt", prompt_all).add("generator", saying("a"))
    specs = tuple(StageSpec(stage[0], f"stage-{i}") for i, stage in enumerate(bench.stages))
    planned = plan_pipeline(PipelineSpec(specs), registry=bench.registry())
    assert planned.guards_at(GuardPoint.INPUT) == planned.guards_at(GuardPoint.EVIDENCE)
    assert planned.guards_at(GuardPoint.ANSWER) == ()
