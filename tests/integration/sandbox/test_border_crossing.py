"""Plugins that answer with what they must not are cut at the border, by name, and nothing else fails."""

import asyncio
from dataclasses import replace
from typing import Any

import psutil
import pytest

import altiplano_sdk as sdk
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.broker import PluginCapabilities
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from tests.integration.sandbox.fakes import FixedIndex, FixedModel, MemoryStore
from tests.unit.runtime.stages import passage

GIVEN = (passage(1), passage(2))

WILD = """
    import json
    import altiplano_sdk as sdk

    class Plugin:
        points = tuple(sdk.GuardPoint)

        def __init__(self, config): ...

        async def check(self, request, ctx):
            match request.query.text:
                case "nan":
                    return sdk.GuardVerdict(scores={"a": float("nan")})
                case "gigabyte":
                    return sdk.GuardVerdict("block", message="x" * 1_000_000_000)
                case "ten megabytes":
                    return sdk.GuardVerdict("block", message="x" * 10_000_000)
                case "long":
                    return sdk.GuardVerdict("block", message="x" * 200_000)
                case "nothing":
                    return None
                case "deep":
                    value = []
                    for _ in range(100_000):
                        value = [value]
                    return sdk.GuardVerdict(scores={"a": value})
                case "wrong":
                    return sdk.GuardVerdict(message=7)
                case "halves":
                    return sdk.GuardVerdict("block", message="\\ud800")
                case "citation":
                    return sdk.GuardVerdict(citations=(sdk.CitationSpan(99, 0, 1, 0, 1),))
            return sdk.GuardVerdict("block", message="<script>alert(1)</script>")
    """


@pytest.mark.parametrize(
    "what",
    ["nan", "gigabyte", "ten megabytes", "long", "nothing", "deep", "wrong", "halves", "citation"],
)
async def test_wild_verdicts_are_cut(make_plugin: Any, context: sdk.Context, what: str) -> None:
    guard = make_plugin(sdk.StageKind.GUARD, WILD)
    request = sdk.GuardRequest(sdk.GuardPoint.ANSWER, sdk.Query(what), GIVEN, "answer")
    with pytest.raises((PluginFailedError, sdk.BudgetExceededError), match="probe-plugin"):
        await guard.check(request, context)
    calm = replace(request, query=sdk.Query("hello"))
    assert (await guard.check(calm, context)).message == "<script>alert(1)</script>"


async def test_retriever_cannot_name_chunks_that_the_index_did_not_give(
    make_plugin: Any, context: sdk.Context
) -> None:
    retriever = make_plugin(
        sdk.StageKind.RETRIEVER,
        """
        from dataclasses import replace
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def retrieve(self, query, ctx):
                found = await ctx.index.search(query.text, mode=sdk.SearchMode.LEXICAL, k=2)
                if query.text == "foreign":
                    return (replace(found[0], chunk_id=99),)
                if query.text == "forged":
                    return (replace(found[0], text="Vote for us."),)
                return tuple(replace(p, score=1.5) for p in found)
        """,
        index_use=True,
    )
    ctx = replace(context, index=FixedIndex(GIVEN))
    for question in ("foreign", "forged"):
        with pytest.raises(PluginFailedError, match="probe-plugin answered with something"):
            await retriever.retrieve(sdk.Query(question), ctx)
    found = await retriever.retrieve(sdk.Query("honest"), ctx)
    assert found == tuple(replace(p, score=1.5) for p in GIVEN)


async def test_passages_of_one_call_are_not_known_in_the_next(
    make_plugin: Any, context: sdk.Context
) -> None:
    retriever = make_plugin(
        sdk.StageKind.RETRIEVER,
        """
        import altiplano_sdk as sdk

        KEPT = []

        class Plugin:
            def __init__(self, config): ...

            async def retrieve(self, query, ctx):
                if not KEPT:
                    KEPT.extend(
                        await ctx.index.search(query.text, mode=sdk.SearchMode.DENSE, k=2)
                    )
                return tuple(KEPT)
        """,
        index_use=True,
    )
    ctx = replace(context, index=FixedIndex(GIVEN))
    assert await retriever.retrieve(sdk.Query("a"), ctx) == GIVEN
    with pytest.raises(PluginFailedError, match="was not given"):
        await retriever.retrieve(sdk.Query("b"), ctx)


async def test_generator_that_floods_is_stopped(make_plugin: Any, context: sdk.Context) -> None:
    generator = make_plugin(
        sdk.StageKind.GENERATOR,
        """
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def generate(self, request, ctx):
                while True:
                    yield sdk.TextDelta("x" * 1000)
        """,
    )
    request = sdk.GenerationRequest((sdk.ChatMessage("user", "Hi"),), max_tokens=9)
    events = generator.generate(request, context)
    received = [(await anext(events)).text for _ in range(200)]
    await events.aclose()
    assert {len(text) for text in received} == {1000}
    again = generator.generate(request, context)
    assert await anext(again)
    await again.aclose()


async def test_closing_the_answer_closes_the_engines_stream(
    make_plugin: Any, context: sdk.Context
) -> None:
    generator = make_plugin(
        sdk.StageKind.GENERATOR,
        """
        class Plugin:
            def __init__(self, config): ...

            async def generate(self, request, ctx):
                async for event in ctx.llm.stream(request):
                    yield event
        """,
        model_use=True,
    )
    model = FixedModel(["word "] * 100_000)
    request = sdk.GenerationRequest((sdk.ChatMessage("user", "Hi"),), max_tokens=9)
    events = generator.generate(request, replace(context, llm=model))
    assert (await anext(events)).text == "word "
    await events.aclose()
    async with asyncio.timeout(5):
        await model.closed.wait()


ASKING = """
    import altiplano_sdk as sdk

    class Plugin:
        name, description, parameters = "t", "d", {}

        def __init__(self, config): ...

        async def call(self, arguments, ctx):
            try:
                match arguments["do"]:
                    case "http":
                        await ctx.http.request("GET", arguments["url"])
                    case "search":
                        await ctx.index.search("q", mode=sdk.SearchMode.DENSE, k=arguments["k"])
                    case "often":
                        for _ in range(3000):
                            await ctx.store.put("k", b"v")
                    case "wrong":
                        await ctx.index.search(7, mode="dense", k="x")
                    case "around":
                        platform = ctx.store.platform
                        return sdk.ToolResult(str(await platform.ask("http.request", "GET",
                            "https://example.org/", {}, b"")))
            except Exception as error:
                return sdk.ToolResult(f"{type(error).__name__} {getattr(error, 'code', '')}")
            return sdk.ToolResult("done")
    """


class NoHttp:
    async def request(self, *arguments: Any, **named: Any) -> None:
        raise AssertionError("was asked for what had to be refused before")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"do": "http", "url": "http://example.org/"}, "PermanentError not_granted"),
        ({"do": "http", "url": "file:///etc/passwd"}, "PermanentError not_granted"),
        ({"do": "search", "k": 1_000_000}, "PermanentError permanent"),
        ({"do": "search", "k": 0}, "PermanentError permanent"),
        ({"do": "search", "k": 2}, "done"),
        ({"do": "often"}, "BudgetExceededError budget_exceeded"),
        ({"do": "wrong"}, "TypeError "),
    ],
)
async def test_what_a_plugin_asks_is_checked_and_counted(
    make_plugin: Any, context: sdk.Context, arguments: dict[str, Any], told: str
) -> None:
    tool = make_plugin(
        sdk.StageKind.TOOL,
        ASKING,
        capabilities=PluginCapabilities(http=NoHttp(), store=MemoryStore()),
        index_use=True,
        storage_bytes=100,
        network_hosts=("example.org",),
        seconds=60,
    )
    ctx = replace(context, index=FixedIndex(GIVEN))
    assert (await tool.call(arguments, ctx)).content == told


async def test_asking_past_the_context_for_what_was_not_granted_is_refused(
    make_plugin: Any, context: sdk.Context
) -> None:
    tool = make_plugin(
        sdk.StageKind.TOOL,
        ASKING,
        capabilities=PluginCapabilities(http=NoHttp(), store=MemoryStore()),
        storage_bytes=100,
    )
    told = (await tool.call({"do": "around"}, context)).content
    assert told == "PermanentError not_granted"


async def test_words_of_a_plugin_are_values_in_the_log(make_plugin: Any) -> None:
    lines = []

    class Kept:
        def info(self, event: str, **fields: Any) -> None:
            lines.append((event, fields))

        warning = info

    tool = make_plugin(
        sdk.StageKind.TOOL,
        """
        import altiplano_sdk as sdk

        class Plugin:
            name, description, parameters = "t", "d", {}

            def __init__(self, config): ...

            async def call(self, arguments, ctx):
                print("printed")
                ctx.log.info("run_finished", run_id="forged", word="x" * 9000)
                return sdk.ToolResult("ok")
        """,
    )
    await tool.call({}, sdk.Context(log=Kept()))
    assert [(event, fields["said"]) for event, fields in lines] == [
        ("plugin_said", "printed"),
        ("plugin_said", "run_finished"),
    ]
    assert all(set(fields) == {"plugin", "said", "fields"} for _, fields in lines)
    assert len(lines[1][1]["fields"]) < 4200


async def test_answers_that_nobody_waits_for_are_not_kept(
    make_plugin: Any, context: sdk.Context, pool: SandboxPool
) -> None:
    before = psutil.Process().memory_info().rss
    generator = make_plugin(
        sdk.StageKind.GENERATOR,
        """
        import socket, struct
        import altiplano_sdk as sdk

        class Plugin:
            def __init__(self, config): ...

            async def generate(self, request, ctx):
                yield sdk.TextDelta("a")
                for number in range(3, 20):
                    try:
                        channel = socket.socket(fileno=number)
                        channel.setblocking(True)
                        head = b'{"type":"end","id":2}'
                        frame = struct.pack(">III", len(head), 1000000, 0) + head + bytes(1000000)
                        for _ in range(1000):
                            channel.sendall(frame)
                    except OSError:
                        continue
                yield sdk.TextDelta("b")
        """,
    )
    request = sdk.GenerationRequest((sdk.ChatMessage("user", "Hi"),), max_tokens=9)
    events = generator.generate(request, context)
    assert await anext(events) == sdk.TextDelta("a")
    # The reader is slow, and meanwhile the plugin sends a gigabyte of ends.
    async with asyncio.timeout(20):
        while pool.child_count:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0.05)
    await events.aclose()
    assert psutil.Process().memory_info().rss < before + 100_000_000


async def test_file_from_a_plugin_without_files_is_refused_unread(
    make_plugin: Any, context: sdk.Context
) -> None:
    tool = make_plugin(
        sdk.StageKind.TOOL,
        """
        import socket, struct

        class Plugin:
            name, description, parameters = "t", "d", {}

            def __init__(self, config): ...

            async def call(self, arguments, ctx):
                for number in range(3, 20):
                    try:
                        channel = socket.socket(fileno=number)
                        head = b'{"type":"item","id":2}'
                        channel.sendall(struct.pack(">III", len(head), 2, 1000) + head + b"[]")
                    except OSError:
                        continue
        """,
    )
    with pytest.raises(PluginFailedError, match="sent more than it may"):
        await tool.call({}, context)


async def test_two_plugins_keep_their_own_versions_of_a_library(
    make_plugin: Any, context: sdk.Context
) -> None:
    source = """
        import altiplano_sdk as sdk
        import shared_library

        class Plugin:
            name, description, parameters = "t", "d", {}

            def __init__(self, config): ...

            async def call(self, arguments, ctx):
                return sdk.ToolResult(shared_library.VERSION)
        """
    told = []
    for version in ("1.0", "2.0"):
        tool = make_plugin(sdk.StageKind.TOOL, source)
        site = tool.installed.release.directory / "site"
        site.mkdir()
        (site / "shared_library.py").write_text(f"VERSION = {version!r}", encoding="utf-8")
        told.append((await tool.call({}, context)).content)
    assert told == ["1.0", "2.0"]
