"""C34: a writer that dies at any step leaves the old generation or the new one, never a mix."""

import subprocess
import sys
from pathlib import Path

import pytest

from altiplano_worker.runtime.crash_points import EXIT_CODE
from tests.factories.index_batches import assert_holds, make_batch, make_store

ROOT = Path(__file__).parents[3]
STEPS = 11

ADDING = """
import sys
from pathlib import Path
from tests.factories.index_batches import make_batch, make_store
make_store(Path(sys.argv[1])).add(make_batch([4, 5]))
"""

COMPACTING = """
import sys
from pathlib import Path
from tests.factories.index_batches import make_store
make_store(Path(sys.argv[1])).compact(frozenset({1}))
"""


def run_and_crash(script: str, directory: Path, at: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script, str(directory)],
        cwd=ROOT,
        env={"ALTIPLANO_CRASH_AT": str(at), "PATH": ""},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def directory(tmp_path):
    store = make_store(tmp_path / "index")
    store.add(make_batch([1, 2]))
    store.add(make_batch([3]))
    store.close()
    return tmp_path / "index"


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_crash_while_adding_leaves_one_generation_whole(directory, step):
    died = run_and_crash(ADDING, directory, step)
    assert died.returncode == EXIT_CODE, died.stderr.decode()
    store = make_store(directory)
    committed = b"manifest replaced" in died.stderr and step == STEPS
    assert_holds(store, [1, 2, 3, 4, 5] if committed else [1, 2, 3])
    store.add(make_batch([4, 5]))
    assert_holds(store, [1, 2, 3, 4, 5])
    store.collect_garbage(0)
    assert_holds(make_store(directory), [1, 2, 3, 4, 5])


def test_adding_has_no_step_beyond_the_last(directory):
    """The parametrization above covers every crash point; a new one makes this fail."""
    survived = run_and_crash(ADDING, directory, STEPS + 1)
    assert survived.returncode == 0, survived.stderr.decode()
    assert_holds(make_store(directory), [1, 2, 3, 4, 5])


@pytest.mark.parametrize("step", [1, 3, 5, 8, 10])
def test_a_crash_while_compacting_leaves_one_generation_whole(directory, step):
    died = run_and_crash(COMPACTING, directory, step)
    assert died.returncode == EXIT_CODE, died.stderr.decode()
    store = make_store(directory)
    assert store.ids() in ({1, 2, 3}, {2, 3})
    assert_holds(store, store.ids())
    store.compact(frozenset({1}))
    assert_holds(store, [2, 3])
