"""The leaves under the index store: checksums, id lists, locks, manifests and crash points."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_worker.runtime.crash_points import EXIT_CODE
from altiplano_worker.runtime.index_errors import IndexBusyError, IndexCorruptError
from altiplano_worker.runtime.index_files import FileRecord, FileVerifier, replace_file
from altiplano_worker.runtime.index_ids import FOLDER, MERGE_AT, extend_ids, read_ids, write_ids
from altiplano_worker.runtime.index_lock import exclusive_lock
from altiplano_worker.runtime.index_manifest import IndexManifest, read_manifest, write_manifest

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20)
records = st.builds(FileRecord, st.integers(0, 2**50), st.text("0123456789abcdef", min_size=64))
manifests = st.builds(
    IndexManifest,
    owner=names,
    generation=st.integers(1, 2**53),
    model_id=names,
    dimension=st.integers(1, 4096),
    engines=st.lists(names, max_size=3).map(tuple),
    count=st.integers(0, 2**40),
    added=st.integers(0, 2**40),
    files=st.dictionaries(names, records, max_size=4),
)


@given(manifests)
def test_a_manifest_comes_back_as_it_was(tmp_path_factory, manifest):
    path = tmp_path_factory.mktemp("manifest") / "manifest.json"
    write_manifest(path, manifest)
    assert read_manifest(path) == manifest


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"body": 1, "sha256": "x"}', b"\xff"])
def test_what_is_no_manifest_is_corrupt(tmp_path, data):
    path = tmp_path / "manifest.json"
    path.write_bytes(data)
    with pytest.raises(IndexCorruptError):
        read_manifest(path)


def test_a_file_is_hashed_once_for_all_its_links(tmp_path, monkeypatch):
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    (first / "file").write_bytes(b"data")
    os.link(first / "file", second / "file")
    verifier = FileVerifier()
    files = verifier.record(first, None, {})
    monkeypatch.setattr("hashlib.file_digest", None)
    verifier.verify(first, files)
    verifier.verify(second, files)
    assert verifier.record(second, first, files) == files


def test_a_forgotten_file_is_hashed_again(tmp_path):
    (tmp_path / "file").write_bytes(b"data")
    verifier = FileVerifier()
    files = verifier.record(tmp_path, None, {})
    verifier.forget_all_but([])
    verifier.verify(tmp_path, files)
    (tmp_path / "file").write_bytes(b"atad")
    with pytest.raises(IndexCorruptError):
        verifier.verify(tmp_path, files)


def test_replacing_a_file_leaves_no_other(tmp_path):
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        replace_file(path, data)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_id_lists_stay_few_and_whole(tmp_path):
    previous = None
    for number in range(1, 3 * MERGE_AT):
        target = tmp_path / str(number)
        target.mkdir()
        extend_ids(previous, target, np.array([number]))
        previous = target
    assert sorted(read_ids(previous)) == list(range(1, 3 * MERGE_AT))
    assert len(list((previous / FOLDER).iterdir())) < MERGE_AT


def test_an_id_list_may_be_empty(tmp_path):
    write_ids(tmp_path, np.empty(0, dtype=np.int64))
    assert len(read_ids(tmp_path)) == 0
    assert len(read_ids(None)) == 0


def test_the_lock_is_held_by_one_thread_at_a_time(tmp_path):
    inside, most = 0, 0

    def work(_):
        nonlocal inside, most
        with exclusive_lock(tmp_path / "lock", seconds=30):
            inside += 1
            most = max(most, inside)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(64)))
    assert (inside, most) == (0, 1)


def test_a_held_lock_is_reported_as_busy(tmp_path):
    with (
        exclusive_lock(tmp_path / "lock", seconds=0),
        pytest.raises(IndexBusyError),
        exclusive_lock(tmp_path / "lock", seconds=0),
    ):
        raise AssertionError("two holders")


@pytest.mark.parametrize(("at", "code", "said"), [("2", EXIT_CODE, "second"), ("", 0, "")])
def test_a_crash_point_ends_the_process_only_when_asked(at, code, said):
    script = (
        "from altiplano_worker.runtime.crash_points import crash_point\n"
        "try:\n"
        "    crash_point('first'); crash_point('second'); crash_point('third')\n"
        "finally:\n"
        "    print('unwound')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={"ALTIPLANO_CRASH_AT": at} if at else {},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code
    assert said in ended.stderr
    assert ("unwound" in ended.stdout) is (code == 0)
