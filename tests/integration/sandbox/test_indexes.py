"""An index from a package: filled and searched in the sandbox, and cut at the border."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import altiplano_sdk as sdk
from altiplano_plugins.index_faiss import FaissIndex
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.indexes import HeldIndex, IndexGoneError
from tests.fakes.index_sources import EXACT, batch_of, extending, searching

DIMENSION = 24
Hold = Callable[..., HeldIndex]


def unit_rows(count: int, *, seed: int = 7) -> Any:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype("<f4")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def query_of(row: Any, *, k: int = 5, excluded: frozenset[int] = frozenset()) -> sdk.IndexQuery:
    vector = sdk.VectorBatch(row.size, 1, row.astype("<f4").tobytes())
    return sdk.IndexQuery("A question?", vector, k, excluded)


async def given(*batches: sdk.IndexBatch) -> AsyncIterator[sdk.IndexBatch]:
    for batch in batches:
        yield batch


@pytest.fixture
def hold(make_plugin: Any, context: sdk.Context) -> Hold:
    def make(source: str = EXACT, *, name: str = "one", **options: Any) -> HeldIndex:
        index: HeldIndex = make_plugin(sdk.StageKind.INDEX, source, **options).hold(name, context)
        return index

    return make


async def test_it_finds_what_exact_search_finds(hold: Hold, tmp_path: Path) -> None:
    rows = unit_rows(600)
    first, second = batch_of(rows[:400]), batch_of(rows[400:], first_id=401)
    held = hold()
    await held.change(given(first, second))
    assert held.signal == "dense"
    built_in = FaissIndex(FaissIndex.Config())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    built_in.extend(None, tmp_path / "a", first)
    built_in.extend(tmp_path / "a", tmp_path / "b", second)
    opened = built_in.open(tmp_path / "b")
    for asked in unit_rows(20, seed=11):
        expected = opened.search(query_of(asked, k=10))
        found = await held.search(query_of(asked, k=10))
        assert [hit.chunk_id for hit in found] == [hit.chunk_id for hit in expected]
        assert [hit.score for hit in found] == pytest.approx(
            [hit.score for hit in expected], abs=1e-5
        )


async def test_it_follows_what_comes_and_what_goes(hold: Hold) -> None:
    rows = unit_rows(30)
    held = hold()
    await held.change(given(batch_of(rows[:10])))
    await held.change(given(batch_of(rows[10:], first_id=11)), removed={2, 3})
    assert held.ids == frozenset(range(1, 31)) - {2, 3}
    assert (await held.search(query_of(rows[20])))[0].chunk_id == 21
    everything = await held.search(query_of(rows[1], k=30))
    assert {hit.chunk_id for hit in everything} == held.ids
    excluded = frozenset({21, 22})
    assert not excluded & {
        hit.chunk_id for hit in await held.search(query_of(rows[20], k=30, excluded=excluded))
    }
    await held.change(given(), removed=held.ids)
    assert await held.search(query_of(rows[0])) == ()


async def test_many_small_additions_stay_searchable(hold: Hold) -> None:
    rows = unit_rows(20)
    held = hold()
    for number in range(20):
        await held.change(given(batch_of(rows[number : number + 1], first_id=number + 1)))
    assert (await held.search(query_of(rows[13])))[0].chunk_id == 14


async def test_two_indexes_of_one_plugin_share_nothing(
    make_plugin: Any, context: sdk.Context
) -> None:
    plugin, rows = make_plugin(sdk.StageKind.INDEX, EXACT), unit_rows(8)
    one, two = plugin.hold("one", context), plugin.hold("two", context)
    await asyncio.gather(
        one.change(given(batch_of(rows[:4]))), two.change(given(batch_of(rows[4:], first_id=50)))
    )
    assert {hit.chunk_id for hit in await one.search(query_of(rows[0], k=50))} == {1, 2, 3, 4}
    await one.drop()
    assert len(await two.search(query_of(rows[0], k=50))) == 4


async def test_it_is_gone_with_its_process(hold: Hold) -> None:
    rows = unit_rows(4)
    held = hold(searching('os._exit(3) if query.text == "end" else None\n    return ()'))
    await held.change(given(batch_of(rows)))
    assert await held.search(query_of(rows[0])) == ()
    with pytest.raises(PluginFailedError, match="lost"):
        await held.search(sdk.IndexQuery("end", query_of(rows[0]).vector, 3))
    assert not held.is_alive
    with pytest.raises(IndexGoneError):
        await held.search(query_of(rows[0]))


async def test_foreign_passages_and_doubles_are_dropped(hold: Hold) -> None:
    held = hold(
        searching("return tuple(sdk.IndexHit(key, 0.5) for key in (999, 2, 2, -1, 2**62, 1))")
    )
    await held.change(given(batch_of(unit_rows(4))))
    found = await held.search(query_of(unit_rows(1)[0], k=10))
    assert [hit.chunk_id for hit in found] == [1, 2]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('return (sdk.IndexHit(1, float("nan")),)', "could not be read|contract does not allow"),
        ("return (sdk.IndexHit(1, 40.0),)", "no cosine"),
        ("return tuple(sdk.IndexHit(key, 0.1) for key in range(1, 5000))", "were asked for"),
        ('return (sdk.IndexHit("1", 0.5),)', "contract does not allow|failed in the index"),
        ("return [[]] * 3", "contract does not allow|failed in the index"),
    ],
    ids=["nan", "no-cosine", "too-many", "text-for-a-number", "no-hits"],
)
async def test_odd_answers_are_refused(hold: Hold, body: str, said: str) -> None:
    held = hold(searching(body))
    await held.change(given(batch_of(unit_rows(4))))
    with pytest.raises(PluginFailedError, match=said):
        await held.search(query_of(unit_rows(1)[0], k=10))


async def test_a_search_that_sleeps_is_ended(hold: Hold) -> None:
    held = hold(searching("import time\n    time.sleep(600)\n    return ()"), seconds=1.0)
    await held.change(given(batch_of(unit_rows(4))))
    with pytest.raises(sdk.BudgetExceededError, match="longer than its 1 seconds"):
        await held.search(query_of(unit_rows(1)[0]))


async def test_a_gigabyte_of_memory_is_refused(hold: Hold) -> None:
    held = hold(
        searching('return (sdk.IndexHit(1, len("x" * 2**30)),)'), memory_bytes=64 * 1024 * 1024
    )
    await held.change(given(batch_of(unit_rows(4))))
    with pytest.raises(sdk.BudgetExceededError, match="64 MB"):
        await held.search(query_of(unit_rows(1)[0]))


@pytest.mark.parametrize("files", [1, 40], ids=["one-file", "many-files"])
async def test_a_gigabyte_of_files_is_refused(hold: Hold, files: int) -> None:
    """Bounded by the file system where there is one of its own, else by whoever watches."""
    body = (
        f"for number in range({files}):\n"
        '        with (target / str(number)).open("wb") as file:\n'
        f"            for _ in range({1024 // files}):\n"
        "                file.write(bytes(2**20))"
    )
    held = hold(extending(body), memory_bytes=64 * 1024 * 1024)
    with pytest.raises((sdk.BudgetExceededError, PluginFailedError), match=r"room|folder|lost"):
        await held.change(given(batch_of(unit_rows(4))))


async def test_an_index_that_forgets_is_refused(hold: Hold) -> None:
    held = hold(EXACT + "\n\nOpen.count = 1\n")
    with pytest.raises(PluginFailedError, match="1 passages in an index that was given 4"):
        await held.change(given(batch_of(unit_rows(4))))


async def test_its_own_error_is_told_in_its_words(hold: Hold) -> None:
    held = hold(extending('raise sdk.PermanentError("Too curved for me.")'))
    with pytest.raises(sdk.PermanentError, match="Too curved"):
        await held.change(given(batch_of(unit_rows(4))))
