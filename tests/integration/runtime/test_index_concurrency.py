"""C36: readers and writers at once, in threads and in other processes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.factories.index_batches import (
    assert_holds,
    dense_query,
    lexical_query,
    make_batch,
    make_store,
)

ROOT = Path(__file__).parents[3]
STABLE = range(1, 21)

REBUILDING = """
import sys
from pathlib import Path
from tests.factories.index_batches import make_batch, make_store
directory, first, turns = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
store = make_store(directory, lock_seconds=120)
for turn in range(turns):
    number = first + turn
    store.add(make_batch([number]))
    if turn % 2:
        store.compact(frozenset({number}))
    store.collect_garbage(30)
"""


def read_until(directory: Path, done: Event, first: int) -> int:
    """Looks for the stable chunks over and over; returns how often."""
    store = make_store(directory)
    looks, generation = 0, 0
    while looks < 20 or not done.is_set():
        chunk_id = STABLE[(first + looks) % len(STABLE)]
        with store.open() as reader:
            assert reader.generation >= generation
            assert not reader.degraded
            generation = reader.generation
            assert reader.search("dense", dense_query(chunk_id))[0].chunk_id == chunk_id
            assert reader.search("lexical", lexical_query(chunk_id))[0].chunk_id == chunk_id
            assert len(reader.search("dense", dense_query(chunk_id, k=10_000))) == reader.count
        looks += 1
    return looks


def test_eight_readers_never_miss_a_document_while_two_processes_write(tmp_path):
    make_store(tmp_path).add(make_batch(STABLE))
    done = Event()
    turns = 25
    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read_until, tmp_path, done, number) for number in range(8)]
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", REBUILDING, str(tmp_path), str(first), str(turns)],
                cwd=ROOT,
                stderr=subprocess.PIPE,
            )
            for first in (1000, 2000)
        ]
        errors = [writer.communicate(timeout=240)[1].decode() for writer in writers]
        done.set()
        assert [writer.returncode for writer in writers] == [0, 0], errors
        assert all(reader.result(timeout=60) >= 20 for reader in readers)
    kept = {first + turn for first in (1000, 2000) for turn in range(0, turns, 2)}
    assert_holds(make_store(tmp_path), kept | set(STABLE))


def test_a_reader_goes_on_while_its_files_are_collected(tmp_path):
    store = make_store(tmp_path)
    store.add(make_batch(STABLE))
    with make_store(tmp_path).open() as reader:
        for chunk_id in range(100, 120):
            store.add(make_batch([chunk_id]))
        store.compact(frozenset(STABLE))
        store.collect_garbage(0)
        for chunk_id in STABLE:
            assert reader.search("dense", dense_query(chunk_id))[0].chunk_id == chunk_id
            assert reader.search("lexical", lexical_query(chunk_id))[0].chunk_id == chunk_id
    assert_holds(store, range(100, 120))
