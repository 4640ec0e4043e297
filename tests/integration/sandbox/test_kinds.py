"""Every kind of plugin works in the sandbox as it would in the worker, at every level."""

from dataclasses import replace
from typing import Any

import pytest

import altiplano_sdk as sdk
from altiplano_worker.runtime.loader import PluginConfigError
from altiplano_worker.runtime.sandbox.broker import PluginCapabilities
from altiplano_worker.runtime.sandbox.levels import NoSandboxError, SandboxLevel
from tests.integration.sandbox.fakes import FixedIndex, FixedModel, MemoryStore, UnitEmbedder
from tests.unit.runtime.stages import passage

QUERY = sdk.Query("What is compost?", language="en")


async def test_guard_answers_and_tells_its_points(make_plugin: Any, context: sdk.Context) -> None:
    guard = make_plugin(
        sdk.StageKind.GUARD,
        """
        import altiplano_sdk as sdk
        from pydantic import BaseModel

        class Plugin:
            class Config(BaseModel):
                word: str

            points = (sdk.GuardPoint.INPUT, sdk.GuardPoint.ANSWER)

            def __init__(self, config):
                self.word = config.word

            async def check(self, request, ctx):
                if self.word in request.query.text:
                    return sdk.GuardVerdict("block", message=f"Not {self.word}.")
                return sdk.GuardVerdict(scores={"calm": 1.0})
        """,
        config={"word": "compost"},
    )
    await guard.prepare()
    assert guard.points == (sdk.GuardPoint.INPUT, sdk.GuardPoint.ANSWER)
    blocked = await guard.check(sdk.GuardRequest(sdk.GuardPoint.INPUT, QUERY), context)
    assert blocked == sdk.GuardVerdict("block", message="Not compost.")
    passed = await guard.check(sdk.GuardRequest(sdk.GuardPoint.INPUT, sdk.Query("Hé?")), context)
    assert passed.scores == {"calm": 1.0}


async def test_wrong_configuration_names_the_field(make_plugin: Any) -> None:
    tool = make_plugin(
        sdk.StageKind.TOOL,
        """
        from pydantic import BaseModel

        class Plugin:
            class Config(BaseModel):
                unit: int

            name, description, parameters = "t", "d", {}

            def __init__(self, config): ...
            async def call(self, arguments, ctx): ...
        """,
        config={"unit": "metre"},
    )
    with pytest.raises(PluginConfigError, match=r"probe-plugin.*unit"):
        await tool.prepare()


async def test_tool_converts_and_names_itself(make_plugin: Any, context: sdk.Context) -> None:
    tool = make_plugin(
        sdk.StageKind.TOOL,
        """
        import altiplano_sdk as sdk

        class Plugin:
            name = "double"
            description = "Twice a number."
            parameters = {"type": "object", "properties": {"n": {"type": "number"}}}

            def __init__(self, config): ...

            async def call(self, arguments, ctx):
                return sdk.ToolResult(str(2 * arguments["n"]))
        """,
    )
    await tool.prepare()
    assert (tool.name, tool.description) == ("double", "Twice a number.")
    assert tool.parameters["properties"] == {"n": {"type": "number"}}
    assert await tool.call({"n": 21}, context) == sdk.ToolResult("42")


async def test_evaluator_scores(make_plugin: Any, context: sdk.Context) -> None:
    evaluator = make_plugin(
        sdk.StageKind.EVALUATOR,
        """
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def evaluate(self, example, ctx):
                return sdk.Evaluation({"said": float(example.answer in example.expected)})
        """,
    )
    example = sdk.ExampleAnswer("Q?", ("yes",), "yes", (passage(1),), abstained=False)
    assert (await evaluator.evaluate(example, context)).scores == {"said": 1.0}


async def test_query_reranker_and_prompt_pass_their_values(
    make_plugin: Any, context: sdk.Context
) -> None:
    rewriter = make_plugin(
        sdk.StageKind.QUERY,
        """
        from dataclasses import replace

        class Plugin:
            def __init__(self, config): ...

            async def rewrite(self, query, ctx):
                return replace(query, variants=(query.text.upper(),))
        """,
    )
    assert (await rewriter.rewrite(QUERY, context)).variants == ("WHAT IS COMPOST?",)
    given = (passage(1), passage(2))
    reranker = make_plugin(
        sdk.StageKind.RERANKER,
        """
        from dataclasses import replace

        class Plugin:
            def __init__(self, config): ...

            async def rerank(self, query, passages, ctx):
                return tuple(replace(p, score=9.0) for p in reversed(passages))
        """,
    )
    ranked = await reranker.rerank(QUERY, given, context)
    assert ranked == tuple(replace(p, score=9.0) for p in reversed(given))
    prompt = make_plugin(
        sdk.StageKind.PROMPT,
        """
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def build(self, request, ctx):
                text = request.passages[0].text + request.query.text
                return sdk.PromptResult((sdk.ChatMessage("user", text),), request.passages[:1])
        """,
    )
    built = await prompt.build(sdk.PromptRequest(QUERY, given, 4096, 256), context)
    assert built.passages == given[:1]
    assert built.messages[0].content.endswith("What is compost?")


async def test_retriever_searches_the_runs_index(make_plugin: Any, context: sdk.Context) -> None:
    retriever = make_plugin(
        sdk.StageKind.RETRIEVER,
        """
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def retrieve(self, query, ctx):
                return await ctx.index.search(query.text, mode=sdk.SearchMode.DENSE, k=2)
        """,
        index_use=True,
    )
    index = FixedIndex((passage(1), passage(2), passage(3)))
    found = await retriever.retrieve(QUERY, replace(context, index=index))
    assert found == (passage(1), passage(2))
    assert index.searched == ["What is compost?"]


async def test_embedder_and_splitter_are_held_to_their_shapes(
    make_plugin: Any, context: sdk.Context
) -> None:
    embedder = make_plugin(
        sdk.StageKind.EMBEDDER,
        """
        import struct
        import altiplano_sdk as sdk

        class Plugin:
            model_id = "three"
            dimension = 3

            def __init__(self, config): ...

            async def embed_passages(self, texts, ctx):
                return sdk.VectorBatch(3, len(texts), struct.pack("<3f", 0, 1, 0) * len(texts))

            async def embed_query(self, text, ctx):
                return sdk.VectorBatch(3, 1, struct.pack("<3f", 0.6, 0.8, 0))
        """,
    )
    vectors = await embedder.embed_passages(["a", "b"], context)
    assert (vectors.count, vectors.dimension, embedder.model_id) == (2, 3, "three")
    assert (await embedder.embed_query("a", context)).count == 1
    splitter = make_plugin(
        sdk.StageKind.SPLITTER,
        """
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def split(self, document, ctx):
                half = len(document.text) // 2
                return (sdk.Span(0, half), sdk.Span(half, len(document.text)))
        """,
    )
    document = sdk.ParsedDocument("ñandú 🦙 text", (sdk.PageSpan(1, 0, 12),))
    assert await splitter.split(document, context) == (sdk.Span(0, 6), sdk.Span(6, 12))


async def test_generator_streams_what_the_runs_model_says(
    make_plugin: Any, context: sdk.Context
) -> None:
    generator = make_plugin(
        sdk.StageKind.GENERATOR,
        """
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def generate(self, request, ctx):
                async for event in ctx.llm.stream(request):
                    if isinstance(event, sdk.TextDelta):
                        yield sdk.TextDelta(event.text.upper())
                    else:
                        yield event
        """,
        model_use=True,
    )
    request = sdk.GenerationRequest((sdk.ChatMessage("user", "Hi"),), max_tokens=99)
    model = FixedModel([f"w{number} " for number in range(200)])
    events = [e async for e in generator.generate(request, replace(context, llm=model))]
    assert "".join(e.text for e in events[:-1]) == "".join(f"W{n} " for n in range(200))
    assert events[-1] == sdk.GenerationDone("stop", sdk.Usage(1, 200))


async def test_parser_reads_the_file_it_was_given(
    make_plugin: Any, context: sdk.Context, tmp_path: Any
) -> None:
    parser = make_plugin(
        sdk.StageKind.PARSER,
        """
        import altiplano_sdk as sdk

        class Plugin:
            media_types = ("text/x-shout",)

            def __init__(self, config): ...

            async def parse(self, source, ctx):
                text = source.path.read_text(encoding="utf-8").strip()
                if not text:
                    raise sdk.UnreadableDocumentError("The file is empty.")
                return sdk.ParsedDocument(text, (sdk.PageSpan(1, 0, len(text)),), title=source.name)
        """,
    )
    path = tmp_path / "a.shout"
    path.write_text("LLAMAS\n", encoding="utf-8")
    source = sdk.SourceFile("a.shout", "text/x-shout", path, 7)
    document = await parser.parse(source, context)
    assert (document.text, document.title) == ("LLAMAS", "a.shout")
    path.write_text("", encoding="utf-8")
    with pytest.raises(sdk.UnreadableDocumentError, match=r"The file is empty\."):
        await parser.parse(source, context)


async def test_loader_hands_out_files(
    make_plugin: Any, context: sdk.Context, level: SandboxLevel
) -> None:
    loader = make_plugin(
        sdk.StageKind.LOADER,
        """
        import tempfile
        from pathlib import Path
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def load(self, reference, ctx):
                for number in range(reference["count"]):
                    path = Path(tempfile.mkdtemp()) / "row.csv"
                    path.write_text("ñ" * 1000 * (number + 1), encoding="utf-8")
                    yield sdk.SourceFile(f"row {number}.csv", "text/csv", path, 1)
        """,
    )
    if level is SandboxLevel.LANDLOCK:
        with pytest.raises(NoSandboxError, match="bubblewrap"):
            await anext(loader.load({"count": 1}, context))
        return
    seen = []
    async for file in loader.load({"count": 3}, context):
        seen.append((file.name, file.size, len(file.path.read_text(encoding="utf-8"))))
        file.path.unlink()
    assert seen == [("row 0.csv", 2000, 1000), ("row 1.csv", 4000, 2000), ("row 2.csv", 6000, 3000)]


async def test_capabilities_are_what_was_granted(make_plugin: Any, context: sdk.Context) -> None:
    source = """
        import altiplano_sdk as sdk

        class Plugin:
            name, description, parameters = "t", "d", {}

            def __init__(self, config): ...

            async def call(self, arguments, ctx):
                given = [
                    name for name in ("llm", "embed", "index", "http", "store")
                    if getattr(ctx, name) is not None
                ]
                if ctx.store is not None:
                    await ctx.store.put("seen", b"\\x00\\xff")
                    given += [str(await ctx.store.get("seen")), *await ctx.store.keys()]
                return sdk.ToolResult(f"{given} {dict(ctx.secrets)}")
        """
    rich = replace(
        context,
        llm=FixedModel([]),
        index=FixedIndex(()),
        store=MemoryStore(),
        secrets={"OTHERS": "x"},
    )
    own = PluginCapabilities(
        http=object(), store=MemoryStore(), secrets={"TOKEN": "t", "OTHER": "o"}
    )
    poor = make_plugin(sdk.StageKind.TOOL, source, capabilities=own)
    assert (await poor.call({}, rich)).content == "[] {}"
    fair = make_plugin(
        sdk.StageKind.TOOL,
        source,
        capabilities=own,
        secrets=("TOKEN",),
        storage_bytes=1000,
        network_hosts=("api.example.org",),
    )
    expected = "['http', 'store', \"b'\\\\x00\\\\xff'\", 'seen'] {'TOKEN': 't'}"
    assert (await fair.call({}, rich)).content == expected


async def test_embedding_goes_through_the_runs_embedder(
    make_plugin: Any, context: sdk.Context
) -> None:
    tool = make_plugin(
        sdk.StageKind.TOOL,
        """
        import altiplano_sdk as sdk

        class Plugin:
            name, description, parameters = "t", "d", {}

            def __init__(self, config): ...

            async def call(self, arguments, ctx):
                batch = await ctx.embed.embed_passages(["a", "b"])
                return sdk.ToolResult(f"{batch.count} {ctx.embed.model_id} {len(batch.data)}")
        """,
        embedding_use=True,
    )
    embed = UnitEmbedder(dimension=4)
    assert (await tool.call({}, replace(context, embed=embed))).content == "2 unit 32"
