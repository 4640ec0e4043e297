"""What only one kind promises: each promise has a plugin that breaks it."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from altiplano_sdk import (
    Evaluation,
    GenerationDone,
    Manifest,
    PermanentError,
    SourceFile,
    Span,
    StageKind,
    TextDelta,
    ToolResult,
    VectorBatch,
)
from altiplano_sdk.testing.embedder_suite import EmbedderSuite
from altiplano_sdk.testing.evaluator_suite import EvaluatorSuite
from altiplano_sdk.testing.generator_suite import GeneratorSuite
from altiplano_sdk.testing.loader_suite import LoaderSuite
from altiplano_sdk.testing.query_suite import QuerySuite
from altiplano_sdk.testing.reference import make_passage
from altiplano_sdk.testing.reranker_suite import RerankerSuite
from altiplano_sdk.testing.retriever_suite import RetrieverSuite
from altiplano_sdk.testing.samples import Samples, ToolCall
from altiplano_sdk.testing.splitter_suite import SplitterSuite
from altiplano_sdk.testing.texts import USUAL
from altiplano_sdk.testing.tool_suite import ToolSuite


class NoConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")


def plugin_of(kind: StageKind, **members: Any) -> Any:
    """A plugin class of the kind with the given methods and attributes."""
    manifest = Manifest(id="broken", version="1.0.0", kind=kind, title="A", summary="B.")

    def keep(self, config):
        self.config = config

    own = {"manifest": manifest, "Config": NoConfig, "__init__": keep}
    return type("Broken", (), {**own, **members})


def returning(value_of: Any) -> Any:
    """A method that returns what ``value_of`` makes of its arguments."""

    async def method(self, *arguments):
        return value_of(*arguments)

    return method


def streaming(*events: Any) -> Any:
    async def method(self, *_):
        for event in events:
            yield event

    return method


def call(suite_class: type[Any], plugin: Any, *, samples: Samples | None = None) -> None:
    """One whole call with a usual text."""
    members = {"plugin_class": plugin, "samples": samples or Samples()}
    suite = type("Suite", (suite_class,), members)()
    asyncio.run(suite.call(suite.make_plugin(), suite.make_context(), USUAL))


FOREIGN = make_passage(77_777, "Nobody gave me this.")


@pytest.mark.parametrize(
    "rerank",
    [
        lambda query, passages, ctx: (*passages, replace(FOREIGN, score=-1.0)),
        lambda query, passages, ctx: (replace(passages[0], text="Changed."), *passages[1:]),
        lambda query, passages, ctx: (replace(passages[0], dense_score=1.0), *passages[1:]),
        lambda query, passages, ctx: passages[::-1],
        lambda query, passages, ctx: passages[:1] * 2,
        lambda query, passages, ctx: list(passages),
    ],
    ids=["foreign", "changed", "other score", "order", "twice", "list"],
)
def test_rerankers_that_do_more_than_rank_are_noticed(rerank):
    with pytest.raises(AssertionError):
        call(RerankerSuite, plugin_of(StageKind.RERANKER, rerank=returning(rerank)))


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda query, ctx: replace(query, text="Another question?"),
        lambda query, ctx: replace(query, history=()),
        lambda query, ctx: replace(query, variants=("a", "a")),
        lambda query, ctx: replace(query, variants=("",)),
        lambda query, ctx: replace(query, variants=tuple("abcdefghi")),
        lambda query, ctx: replace(query, variants=("x" * 100_000,)),
        lambda query, ctx: query.text,
    ],
    ids=["text", "history", "twice", "empty", "many", "long", "no query"],
)
def test_rewriters_that_change_the_question_are_noticed(rewrite):
    with pytest.raises(AssertionError):
        call(QuerySuite, plugin_of(StageKind.QUERY, rewrite=returning(rewrite)))


@pytest.mark.parametrize("score", [1.1, -0.1, float("nan"), True, "1"])
def test_scores_outside_of_their_range_are_noticed(score):
    judge = returning(lambda example, ctx: Evaluation({"measure": score}))
    with pytest.raises(AssertionError):
        call(EvaluatorSuite, plugin_of(StageKind.EVALUATOR, evaluate=judge))


def test_measures_that_come_and_go_are_noticed():
    judge = returning(
        lambda example, ctx: Evaluation({} if example.abstained else {"measure": 1.0})
    )
    suite = type(
        "Suite", (EvaluatorSuite,), {"plugin_class": plugin_of(StageKind.EVALUATOR, evaluate=judge)}
    )()
    with pytest.raises(AssertionError):
        suite.test_measures_have_the_same_names_for_every_answer(
            suite.make_plugin(), suite.make_context()
        )


SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "Any text."}},
    "required": ["text"],
    "additionalProperties": False,
}


def tool_suite(*, samples: Samples | None = None, **members: Any) -> ToolSuite:
    usual = {"name": "echo", "description": "Says it again.", "parameters": SCHEMA}
    plugin = plugin_of(StageKind.TOOL, **{**usual, **members})
    given = {"plugin_class": plugin, "samples": samples or Samples()}
    suite: ToolSuite = type("Suite", (ToolSuite,), given)()
    return suite


def echo(arguments, ctx):
    return ToolResult(str(arguments["text"]))


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"name": "two words"}, "test_name_and_description_are_for_a_model"),
        ({"description": ""}, "test_name_and_description_are_for_a_model"),
        ({"parameters": {**SCHEMA, "type": "array"}}, "test_parameters_are_a_schema_of_an_object"),
        (
            {"parameters": {**SCHEMA, "additionalProperties": True}},
            "test_parameters_are_a_schema_of_an_object",
        ),
        (
            {"parameters": {**SCHEMA, "properties": {"text": {"type": "string"}}}},
            "test_parameters_are_a_schema_of_an_object",
        ),
        ({"effect": "read", "irreversible": True}, "test_effect_is_stated_in_the_contract_s_words"),
    ],
)
def test_tools_that_describe_themselves_badly_are_noticed(members, name):
    suite = tool_suite(**{"call": returning(echo), **members})
    with pytest.raises(AssertionError):
        getattr(suite, name)(suite.make_plugin())


@pytest.mark.parametrize(
    "answer",
    [
        lambda arguments, ctx: ToolResult("x" * 100_001),
        lambda arguments, ctx: ToolResult("", is_error=True),
        lambda arguments, ctx: ToolResult(arguments.pop("text")),
        lambda arguments, ctx: "text",
    ],
    ids=["long", "silent", "changes", "no result"],
)
def test_tools_that_answer_badly_are_noticed(answer):
    suite = tool_suite(call=returning(answer))
    with pytest.raises(AssertionError):
        asyncio.run(suite.call(suite.make_plugin(), suite.make_context(), USUAL))


def test_tools_that_guess_at_wrong_arguments_are_noticed():
    suite = tool_suite(call=returning(lambda arguments, ctx: ToolResult("fine")))
    with pytest.raises(AssertionError, match="was accepted"):
        suite.test_wrong_arguments_are_refused_in_words(suite.make_plugin(), suite.make_context())


def test_known_calls_with_another_result_are_noticed():
    samples = Samples(calls=(ToolCall({"text": "water"}, "wine"),))
    suite = tool_suite(call=returning(echo), samples=samples)
    with pytest.raises(AssertionError):
        suite.test_known_calls_have_their_content(suite.make_plugin())


def write_file(content: bytes) -> Path:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(content)
    return Path(file.name)


@pytest.mark.parametrize(
    "change",
    [{"name": "../x"}, {"name": ""}, {"media_type": "Text/Plain"}, {"size": 99}],
    ids=["path", "no name", "media type", "size"],
)
def test_files_that_are_not_what_they_say_are_noticed(change, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def load(self, reference, ctx):
        yield replace(SourceFile("a.txt", "text/plain", write_file(b"text"), 4), **change)

    with pytest.raises(AssertionError):
        call(
            LoaderSuite, plugin_of(StageKind.LOADER, load=load), samples=Samples(reference={"a": 1})
        )


def test_loaders_that_hand_over_files_of_the_machine_are_noticed():
    class Careless(LoaderSuite):
        samples: ClassVar[Samples] = Samples(reference={"path": "x"})

        async def load_or_nothing(self, plugin, ctx, reference):
            # What such a loader brings, without letting the suite remove it.
            return (("passwd", "text/plain", 1, "digest"),)

    with pytest.raises(AssertionError):
        Careless().test_wrong_references_bring_nothing(None, None, {"path": "/etc/passwd"})  # type: ignore[arg-type]


def test_files_that_are_left_behind_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def load(self, reference, ctx):
        write_file(b"forgotten")
        yield SourceFile("a.txt", "text/plain", write_file(b"text"), 4)

    members = {
        "plugin_class": plugin_of(StageKind.LOADER, load=load),
        "samples": Samples(reference={"a": 1}),
    }
    suite = type("Suite", (LoaderSuite,), members)()
    with pytest.raises(AssertionError):
        suite.test_no_file_is_left_behind(suite.make_plugin(), tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "split",
    [
        lambda document, ctx: (Span(0, 5),),
        lambda document, ctx: [Span(0, len(document.text))],
        lambda document, ctx: (),
    ],
    ids=["loses text", "list", "nothing"],
)
def test_splitters_that_lose_text_are_noticed(split):
    with pytest.raises(AssertionError):
        call(SplitterSuite, plugin_of(StageKind.SPLITTER, split=returning(split)))


@pytest.mark.parametrize(
    "events",
    [
        (),
        (TextDelta("a"),),
        (GenerationDone("stop"), GenerationDone("stop")),
        (GenerationDone("stop"), TextDelta("a")),
        ("a", GenerationDone("stop")),
    ],
    ids=["nothing", "no end", "two ends", "text after the end", "bare text"],
)
def test_generations_that_do_not_end_once_are_noticed(events):
    with pytest.raises(AssertionError):
        call(GeneratorSuite, plugin_of(StageKind.GENERATOR, generate=streaming(*events)))


@pytest.mark.parametrize("value", [0.0, 2.0, float("nan")])
def test_vectors_without_unit_length_are_noticed(value):
    import struct

    batch = struct.pack("<2f", value, 0.0)
    members = {
        "model_id": "x",
        "dimension": 2,
        "embed_query": returning(lambda text, ctx: VectorBatch(2, 1, batch)),
        "embed_passages": returning(
            lambda texts, ctx: VectorBatch(2, len(texts), batch * len(texts))
        ),
    }
    with pytest.raises(AssertionError):
        call(EmbedderSuite, plugin_of(StageKind.EMBEDDER, **members))


@pytest.mark.parametrize(
    "found",
    [
        (replace(FOREIGN, score=1.0), replace(FOREIGN, chunk_id=2, score=2.0)),
        (FOREIGN, FOREIGN),
        [],
    ],
    ids=["order", "twice", "list"],
)
def test_rankings_that_are_none_are_noticed(found):
    retrieve = returning(lambda query, ctx: found)
    with pytest.raises(AssertionError):
        call(RetrieverSuite, plugin_of(StageKind.RETRIEVER, retrieve=retrieve))


def test_a_refusal_is_passed_on_by_a_call():
    def refuse(*_):
        raise PermanentError("Not today.")

    with pytest.raises(PermanentError):
        call(RetrieverSuite, plugin_of(StageKind.RETRIEVER, retrieve=returning(refuse)))
