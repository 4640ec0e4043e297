"""C35: changed, cut, swapped and missing files are noticed before an index library reads them."""

import shutil
from pathlib import Path

import pytest

from altiplano_worker.runtime.index_errors import IndexCorruptError, IndexMissingError
from tests.factories.index_batches import assert_holds, make_batch, make_store, real_engines


class NeverOpened:
    """An engine that must not be asked to read what was not verified."""

    def __init__(self, signal):
        self.signal = signal

    def open(self, directory):
        raise AssertionError("opened before its files were verified")

    def extend(self, previous, target, batch):
        raise AssertionError("extended before its files were verified")

    def compact(self, previous, target, removed):
        raise AssertionError("compacted before its files were verified")


GUARDS = {name: NeverOpened(engine.signal) for name, engine in real_engines().items()}


def write_index(directory: Path, **changes) -> None:
    """Two generations, of which only the second is left: there is nothing to fall back to."""
    store = make_store(directory, **changes)
    store.add(make_batch([1, 2, 3]))
    store.compact(frozenset({1}))
    store.collect_garbage(0)
    store.close()


def files_of(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("generations/*/**/*") if path.is_file())


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0b0000_0100
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def assert_refused(directory: Path) -> None:
    guarded = make_store(directory, engines=GUARDS)
    for ask in (
        guarded.open,
        guarded.ids,
        lambda: guarded.add(make_batch([9])),
        lambda: guarded.compact(frozenset({2})),
    ):
        with pytest.raises(IndexCorruptError):
            ask()


def assert_rebuilds(directory: Path) -> None:
    store = make_store(directory)
    store.rebuild([make_batch([2, 3])])
    assert_holds(store, [2, 3])
    assert_holds(make_store(directory), [2, 3])


@pytest.mark.parametrize("damage", [flip_bit, cut_short, Path.unlink])
def test_damage_to_any_file_is_noticed_before_it_is_loaded(tmp_path, damage):
    write_index(tmp_path / "sound")
    count = len(files_of(tmp_path / "sound"))
    assert count >= 8  # ids, vectors, and tantivy's own
    for number in range(count):
        directory = tmp_path / f"damaged{number}"
        shutil.copytree(tmp_path / "sound", directory)
        target = files_of(directory)[number]
        if damage is Path.unlink or target.stat().st_size:
            damage(target)
            assert_refused(directory)
    assert_rebuilds(directory)


@pytest.mark.parametrize("damage", [flip_bit, cut_short])
def test_a_damaged_manifest_is_noticed(tmp_path, damage):
    write_index(tmp_path)
    damage(tmp_path / "manifest.json")
    assert_refused(tmp_path)
    assert_rebuilds(tmp_path)


def test_every_bit_of_the_manifest_counts(tmp_path):
    """Whitespace aside, no byte of it can change and still be read as this manifest."""
    write_index(tmp_path)
    path = tmp_path / "manifest.json"
    sound = path.read_bytes()
    store = make_store(tmp_path)
    manifest = store._place.read_current()
    for position in range(0, len(sound), 7):
        data = bytearray(sound)
        data[position] ^= 1
        path.write_bytes(data)
        try:
            assert store._place.read_current() == manifest
        except IndexCorruptError:
            continue


def test_a_deleted_manifest_is_a_missing_index(tmp_path):
    write_index(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(IndexMissingError):
        make_store(tmp_path, engines=GUARDS).open()
    assert_rebuilds(tmp_path)


def test_another_organization_s_directory_is_refused(tmp_path):
    for owner in ("school/garden", "town/archive"):
        write_index(tmp_path / owner, owner=owner)
    (tmp_path / "school/garden").rename(tmp_path / "aside")
    (tmp_path / "town/archive").rename(tmp_path / "school/garden")
    assert_refused(tmp_path / "school/garden")


def test_another_organization_s_files_are_refused(tmp_path):
    write_index(tmp_path / "own")
    write_index(tmp_path / "foreign", owner="town/archive")
    store = make_store(tmp_path / "foreign", owner="town/archive")
    store.rebuild([make_batch([7, 8])])
    store.collect_garbage(0)
    (own,) = (tmp_path / "own" / "generations").iterdir()
    (foreign,) = (tmp_path / "foreign" / "generations").iterdir()
    shutil.rmtree(own)
    shutil.copytree(foreign, own)
    assert_refused(tmp_path / "own")


def test_a_damaged_newest_generation_leaves_the_one_before_it(tmp_path):
    store = make_store(tmp_path)
    store.add(make_batch([1, 2]))
    store.add(make_batch([3]))
    store.close()
    newest = [path for path in files_of(tmp_path / "") if "/2/" in path.as_posix()]
    own = next(path for path in newest if path.stat().st_nlink == 1 and path.stat().st_size)
    flip_bit(own)
    with make_store(tmp_path).open() as reader:
        assert (reader.degraded, reader.generation, reader.count) == (True, 1, 2)
    repaired = make_store(tmp_path)
    repaired.rebuild([make_batch([1, 2, 3])])
    with repaired.open() as reader:
        assert not reader.degraded
    assert_holds(repaired, [1, 2, 3])


def test_a_removed_manifest_leaves_the_generation_before_it(tmp_path):
    store = make_store(tmp_path)
    store.add(make_batch([1]))
    store.add(make_batch([2]))
    (tmp_path / "manifest.json").unlink()
    with make_store(tmp_path).open() as reader:
        assert (reader.degraded, reader.count) == (True, 1)
    with pytest.raises(IndexCorruptError):
        make_store(tmp_path).add(make_batch([3]))


def test_a_stranger_s_file_beside_the_index_is_not_read(tmp_path):
    """Nothing is loaded for being there; only what the manifest names is."""
    write_index(tmp_path)
    (generation,) = (tmp_path / "generations").iterdir()
    (generation / "faiss" / "index.pkl").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert_holds(make_store(tmp_path), [2, 3])


def test_damage_carried_by_a_link_is_not_signed_anew(tmp_path):
    """The next generation links the damaged file; its record stays that of the sound one."""
    store = make_store(tmp_path)
    store.add(make_batch([1, 2]))
    (vectors,) = tmp_path.glob("generations/1/faiss/*.vectors")
    data = bytearray(vectors.read_bytes())
    data[-1] ^= 1
    vectors.write_bytes(data)
    with pytest.raises(IndexCorruptError):
        store.add(make_batch([3]))
