import asyncio
from dataclasses import replace

import pytest

import altiplano_sdk as sdk
from altiplano_sdk.events import (
    AnswerDelta,
    AnswerFinished,
    CitationAdded,
    PassagesFound,
    RunCancelled,
    RunFailed,
    RunFinished,
    StageFinished,
    StageStarted,
)
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from altiplano_worker.runtime.outcome import RunLimits
from tests.unit.runtime.stages import (
    LOG,
    Bench,
    finding,
    passage,
    prompt_all,
    saying,
    verdict,
)

pytestmark = pytest.mark.asyncio

INPUT, EVIDENCE, ANSWER = sdk.GuardPoint
FIRST, SECOND = passage(1), passage(2, "Turn the heap every two weeks.")
ABSTENTION = "The documents do not say."


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    assert_valid_run_stream(bench.events)


async def test_chat_pipeline_streams_what_the_model_says(bench):
    bench.add("prompt", prompt_all).add("generator", saying("Six ", "months."))
    outcome = await bench.run()
    assert outcome.state == "finished"
    assert outcome.answer == "Six months."
    assert not outcome.abstained
    assert not outcome.replaced
    assert outcome.usage == sdk.Usage(7, 3)
    assert [event.text for event in bench.of(AnswerDelta)] == ["Six ", "months."]
    assert bench.of(RunFinished)[0].usage == {"prompt_tokens": 7, "completion_tokens": 3}
    assert set(outcome.timings) == {"retrieve_ms", "first_token_ms", "generate_ms", "total_ms"}


async def test_whole_pipeline_runs_in_order_and_cites(bench):
    span = sdk.CitationSpan(passage=0, start=0, end=7, answer_start=0, answer_end=11)
    (
        bench.add("guard", verdict(), INPUT, EVIDENCE)
        .add("query", lambda query, ctx: replace(query, variants=("compost time",)))
        .add("retriever", finding(SECOND, FIRST))
        .add("reranker", lambda query, passages, ctx: (FIRST, SECOND))
        .add("prompt", prompt_all)
        .add("generator", saying("Six months."))
        .add("guard", verdict(citations=(span,), scores={"supported": 1.0}), ANSWER)
    )
    outcome = await bench.run()
    assert [event.stage for event in bench.of(StageStarted)] == [0, 1, 2, 3, 0, 4, 5, 6]
    assert outcome.passages == (FIRST, SECOND)
    assert [p["chunk_id"] for p in bench.of(PassagesFound)[0].passages] == [1, 2]
    citation = bench.of(CitationAdded)[0]
    assert outcome.citations == (citation,)
    assert (citation.n, citation.chunk_id, citation.quote) == (1, 1, "Compost")
    assert (citation.start, citation.end) == (100, 107)
    assert outcome.trace[-1]["detail"]["scores"] == {"supported": 1.0}


async def test_guards_and_stages_see_what_belongs_to_their_point(bench):
    seen = []

    def look(request, ctx):
        seen.append((request.point, request.query.variants, len(request.passages), request.answer))
        return sdk.GuardVerdict()

    (
        bench.add("guard", look, INPUT, EVIDENCE, ANSWER)
        .add("query", lambda query, ctx: replace(query, variants=("v",)))
        .add("retriever", finding(FIRST))
        .add("prompt", prompt_all)
        .add("generator", saying("A."))
    )
    await bench.run()
    assert seen == [(INPUT, (), 0, ""), (EVIDENCE, ("v",), 1, ""), (ANSWER, ("v",), 1, "A.")]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", ABSTENTION), ("fr", "Les documents ne le disent pas."), ("fr-CA", "Les documents ne le disent pas."), (None, ABSTENTION), ("xx", ABSTENTION)],
)  # fmt: skip
async def test_abstention_at_the_evidence_keeps_the_nearest_passages(bench, language, sentence):
    bench.add("retriever", finding(FIRST)).add("guard", verdict("abstain"), EVIDENCE)
    bench.add("prompt", prompt_all).add("generator", saying("never"))
    outcome = await bench.run(query=sdk.Query("?", language=language))
    assert (outcome.state, outcome.answer, outcome.abstained) == ("finished", sentence, True)
    assert outcome.passages == (FIRST,)
    assert outcome.citations == ()
    assert [event.text for event in bench.of(AnswerDelta)] == [sentence]
    assert outcome.usage == sdk.Usage(0, 0)


async def test_nothing_found_is_an_abstention_without_a_model(bench):
    bench.add("retriever", finding()).add("prompt", prompt_all).add("generator", saying("never"))
    outcome = await bench.run()
    assert (outcome.answer, outcome.abstained) == (ABSTENTION, True)


@pytest.mark.parametrize("point", [INPUT, EVIDENCE, ANSWER])
async def test_guard_that_blocks_has_the_last_word(bench, point):
    bench.add("retriever", finding(FIRST)).add(
        "guard", verdict("block", message="Not here."), point
    )
    bench.add("prompt", prompt_all).add("generator", saying("Secret"))
    outcome = await bench.run()
    assert (outcome.state, outcome.answer, outcome.code) == ("finished", "Not here.", "blocked")
    assert outcome.replaced is (point is ANSWER)
    assert not outcome.abstained


async def test_guard_that_abstains_at_the_answer_replaces_what_was_streamed(bench):
    bench.add("retriever", finding(FIRST)).add("prompt", prompt_all)
    bench.add("generator", saying("In 1912.")).add("guard", verdict("abstain"), ANSWER)
    outcome = await bench.run()
    assert (outcome.answer, outcome.abstained, outcome.replaced) == (ABSTENTION, True, True)
    assert bench.of(AnswerFinished)[0].replaced


async def test_replacement_drops_citations_into_the_text_that_is_gone(bench):
    old = sdk.CitationSpan(0, 0, 7, 0, 9)
    new = sdk.CitationSpan(0, 8, 10, 0, 4)
    bench.add("retriever", finding(FIRST)).add("prompt", prompt_all)
    bench.add("generator", saying("Months [7]."))
    bench.add("guard", verdict(citations=(old,)), ANSWER)
    bench.add("guard", verdict("replace", message="Months.", citations=(new,)), ANSWER)
    outcome = await bench.run()
    assert (outcome.answer, outcome.replaced) == ("Months.", True)
    assert [citation.quote for citation in outcome.citations] == ["is"]


async def test_citations_that_point_outside_are_left_out(bench):
    spans = tuple(
        sdk.CitationSpan(*numbers)
        for numbers in [(1, 0, 5, 0, 2), (0, 0, 999, 0, 2), (0, 5, 5, 0, 2), (0, 0, 5, 0, 99),
                        (-1, 0, 5, 0, 2), (0, -1, 5, 0, 2), (0, 0, 7, 0, 2), (0, 0, 7, 0, 2)]
    )  # fmt: skip
    bench.add("retriever", finding(FIRST)).add("prompt", prompt_all)
    bench.add("generator", saying("Ok.")).add("guard", verdict(citations=spans), ANSWER)
    outcome = await bench.run()
    assert [citation.quote for citation in outcome.citations] == ["Compost"]


async def test_model_that_says_the_documents_do_not_say_abstains(bench):
    span = sdk.CitationSpan(0, 0, 7, 0, 5)
    bench.add("retriever", finding(FIRST)).add("prompt", prompt_all)
    bench.add("generator", saying("The passages do not mention ", "this."))
    bench.add("guard", verdict(citations=(span,)), ANSWER)
    outcome = await bench.run()
    assert outcome.abstained
    assert outcome.answer == "The passages do not mention this."
    assert outcome.citations == ()


async def test_model_that_abstains_over_and_over_is_heard_once(bench):
    bench.add("retriever", finding(FIRST)).add("prompt", prompt_all)
    bench.add("generator", saying(*[f"{ABSTENTION} "] * 10))
    outcome = await bench.run()
    assert (outcome.answer, outcome.abstained, outcome.replaced) == (ABSTENTION, True, True)


async def test_model_without_documents_cannot_abstain_for_them(bench):
    bench.add("prompt", prompt_all).add("generator", saying("I don't know."))
    assert not (await bench.run()).abstained


@pytest.mark.parametrize("usage", [sdk.Usage(1, 2), None])
async def test_unknown_usage_is_told_apart_from_none(bench, usage):
    bench.add("prompt", prompt_all).add("generator", saying("A.", usage=usage))
    assert (await bench.run()).usage_known is (usage is not None)


def failing(error):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize("kind", ["query", "retriever", "reranker", "guard", "prompt", "generator"])
@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (sdk.RetryableError("The index is away."), "retryable", "The index is away."),
        (sdk.EngineError("It broke.", code="engine_overloaded"), "engine_overloaded", "It broke."),
        (ValueError("secret sk-123 at /srv"), "plugin_failed", None),
        (TimeoutError("secret"), "plugin_failed", None),
        (sdk.EngineError("Too long.", code="context_overflow"), "context_overflow", "Too long."),
    ],
)
async def test_failing_stage_fails_the_run_with_a_safe_sentence(bench, kind, error, code, sentence):
    stages = {
        "query": lambda query, ctx: query,
        "retriever": finding(FIRST),
        "reranker": lambda query, passages, ctx: passages,
        "guard": verdict(),
        "prompt": prompt_all,
        "generator": saying("A."),
    }
    for name, function in {**stages, kind: failing(error)}.items():
        bench.add(name, function, *((EVIDENCE,) if name == "guard" else ()))
    outcome = await bench.run()
    assert (outcome.state, outcome.code) == ("failed", code)
    assert "secret" not in outcome.message
    assert sentence is None or outcome.message == sentence
    assert bench.of(StageFinished)[-1].detail["error"] == code
    assert bench.of(RunFailed)[0].message == outcome.message


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("query", None), ("retriever", None), ("retriever", [FIRST]), ("retriever", (FIRST, FIRST)),
        ("retriever", ("text",)), ("reranker", (SECOND,)), ("reranker", (FIRST, FIRST)),
        ("guard", True), ("prompt", "text"),
        ("prompt", sdk.PromptResult((sdk.ChatMessage("user", "x"),), (SECOND,))),
    ],
)  # fmt: skip
async def test_stage_that_breaks_its_contract_fails_the_run(bench, kind, result):
    stages = {
        "query": lambda query, ctx: query,
        "retriever": finding(FIRST),
        "reranker": lambda query, passages, ctx: passages,
        "guard": verdict(),
        "prompt": prompt_all,
        "generator": saying("A."),
    }
    for name, function in {**stages, kind: lambda *_: result}.items():
        bench.add(name, function, *((EVIDENCE,) if name == "guard" else ()))
    outcome = await bench.run()
    assert (outcome.state, outcome.code) == ("failed", "plugin_failed")


async def never_done(request, ctx):
    yield sdk.TextDelta("A")


async def done_twice(request, ctx):
    yield sdk.TextDelta("A")
    yield sdk.GenerationDone("stop")
    yield sdk.GenerationDone("stop")


async def not_an_event(request, ctx):
    yield "A"


@pytest.mark.parametrize("generate", [never_done, done_twice, not_an_event])
async def test_generator_that_does_not_end_as_it_must_fails_the_run(bench, generate):
    outcome = await bench.add("prompt", prompt_all).add("generator", generate).run()
    assert (outcome.state, outcome.code) == ("failed", "plugin_failed")


async def test_model_that_says_nothing_is_a_failure_and_no_empty_answer(bench):
    outcome = await bench.add("prompt", prompt_all).add("generator", saying(" ", "\n")).run()
    assert (outcome.state, outcome.code) == ("failed", "engine_failed")


async def test_failure_in_the_middle_keeps_what_was_streamed(bench):
    async def cut(request, ctx):
        yield sdk.TextDelta("Six ")
        raise sdk.EngineError("The model endpoint stopped in the middle of its answer.")

    outcome = await bench.add("prompt", prompt_all).add("generator", cut).run()
    assert (outcome.state, outcome.answer) == ("failed", "Six ")
    assert bench.of(AnswerFinished) == []


async def test_prompt_that_overflows_is_built_once_more_for_half_the_room(bench):
    rooms = []

    def build(request, ctx):
        rooms.append((request.context_tokens, request.answer_tokens))
        return prompt_all(request, ctx)

    async def generate(request, ctx):
        if len(rooms) == 1:
            raise sdk.EngineError("Too long.", code="context_overflow")
        yield sdk.TextDelta("A.")
        yield sdk.GenerationDone("stop")

    outcome = await bench.add("prompt", build).add("generator", generate).run(answer_tokens=3000)
    assert outcome.answer == "A."
    assert rooms == [(4096, 2048), (2048, 1024)]
    trimmed = [entry["detail"]["trimmed"] for entry in outcome.trace if entry["kind"] == "prompt"]
    assert trimmed[0] == []
    assert "half the room" in trimmed[1][0]


async def test_stage_that_overruns_its_time_is_stopped(bench):
    async def hang(query, ctx):
        await asyncio.Event().wait()

    bench.add("retriever", hang, seconds=0.05).add("prompt", prompt_all)
    outcome = await bench.add("generator", saying("A.")).run()
    assert (outcome.state, outcome.code) == ("failed", "budget_exceeded")
    assert "0.05 seconds" in outcome.message


async def test_run_that_overruns_its_time_is_stopped(bench):
    async def hang(query, ctx):
        await asyncio.Event().wait()

    bench.add("retriever", hang).add("prompt", prompt_all).add("generator", saying("A."))
    outcome = await bench.run(limits=RunLimits(seconds=0.05))
    assert (outcome.state, outcome.code) == ("failed", "budget_exceeded")


async def test_endless_answer_is_stopped(bench):
    async def endless(request, ctx):
        while True:
            yield sdk.TextDelta("x" * 10)

    bench.add("prompt", prompt_all).add("generator", endless)
    outcome = await bench.run(limits=RunLimits(answer_characters=100))
    assert (outcome.state, outcome.code) == ("failed", "budget_exceeded")
    assert len(outcome.answer) == 100


@pytest.mark.parametrize("where", ["retriever", "generator"])
async def test_cancelled_run_closes_the_generator_and_says_so(bench, where):
    reached, closed = asyncio.Event(), []

    async def hang(*_):
        reached.set()
        await asyncio.Event().wait()

    async def generate(request, ctx):
        try:
            yield sdk.TextDelta("Six ")
            await hang()
        finally:
            closed.append(True)

    bench.add("retriever", hang if where == "retriever" else finding(FIRST))
    bench.add("prompt", prompt_all).add("generator", generate)
    task = asyncio.create_task(bench.run())
    await reached.wait()
    task.cancel()
    outcome = await task
    assert outcome.state == "cancelled"
    assert task.cancelling() == 0
    assert len(bench.of(RunCancelled)) == 1
    if where == "generator":
        assert (closed, outcome.answer) == ([True], "Six ")


async def test_stage_receives_only_what_it_was_granted(bench):
    seen = {}

    def look(query, ctx):
        seen["without"] = ctx
        return (FIRST,)

    def look_again(query, passages, ctx):
        seen["with"] = ctx
        return passages

    bench.add("retriever", look)
    bench.add(
        "reranker", look_again, model_use=True, embedding_use=True, index_use=True,
        network_hosts=("example.org",), secrets=("TOKEN",),
    )  # fmt: skip
    bench.add("prompt", prompt_all).add("generator", saying("A."))

    class Model:
        context_tokens = 100

    context = sdk.Context(
        log=LOG, llm=Model(), embed=object(), index=object(), http=object(),
        secrets={"TOKEN": "t", "OTHER": "o"},
    )  # fmt: skip
    await bench.run(context=context)
    assert seen["without"] == sdk.Context(log=LOG, secrets={})
    assert seen["with"] == replace(context, secrets={"TOKEN": "t"})


async def test_pipeline_that_cannot_be_planned_fails_after_run_started(bench):
    outcome = await bench.add("prompt", prompt_all).run()
    assert (outcome.state, outcome.code) == ("failed", "pipeline_invalid")
    assert outcome.message == "A pipeline needs exactly one generator stage."
    assert len(bench.events) == 2
