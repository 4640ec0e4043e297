"""Archives: what is refused before anything is unpacked, and what names a release."""

import hashlib
import io
import json
import random
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altiplano_sdk.packaging import ArchiveError, ManifestError, PackageError
from altiplano_sdk.packaging.archive import digest_of, open_archive
from altiplano_sdk.packaging.layout import LIMITS

from .samples import ARCHIVE, MANIFEST, make_archive

_SEGMENT = st.sampled_from(["..", ".", "", "a", "B", "con", "nul.py", "c:", "a\\b", "é", "x.", "~"])
_WHOLE = make_archive()


def _refused(data: bytes) -> set[str]:
    with pytest.raises(ArchiveError) as caught:
        open_archive(data)
    return {finding.rule for finding in caught.value.findings}


@given(parts=st.lists(_SEGMENT, min_size=1, max_size=5), absolute=st.booleans())
@settings(deadline=None, max_examples=150)
def test_path_that_passes_stays_inside(parts, absolute):
    """Whatever the name: either refused, or a plain path below the folder of its kind."""
    name = ("/" if absolute else "") + "code/" + "/".join(parts)
    try:
        archive = open_archive(make_archive({name: "text"}))
    except ArchiveError:
        return
    with archive:
        for entry in archive.names:
            assert not entry.startswith("/")
            assert set(entry.split("/")).isdisjoint({"", ".", ".."})
            assert "\\" not in entry
            assert ":" not in entry


@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_archive_are_refused(data):
    assert _refused(data) == {"ALT401"}


@given(at=st.integers(0, len(_WHOLE) - 1), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=300)
def test_damaged_archive_is_refused_or_has_another_digest_or_the_same_files(at, bit):
    """One flipped bit changes no file without changing the release's identity."""
    damaged = bytearray(_WHOLE)
    damaged[at] ^= 1 << bit
    try:
        with open_archive(bytes(damaged)) as archive:
            read = {name: archive.read(name) for name in archive.names}
            digest = archive.digest
    except PackageError:
        return
    whole = {name: data.encode() for name, data in ARCHIVE.items()}
    assert (digest == digest_of(_WHOLE)) is (read == whole)


def test_digest_is_of_the_files_and_not_of_the_packing():
    entries = list(ARCHIVE.items())
    random.Random(7).shuffle(entries)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, text in entries:
            archive.writestr(name, text)
    assert file.getvalue() != _WHOLE
    assert digest_of(file.getvalue()) == digest_of(_WHOLE)


def test_digest_is_what_the_documentation_says():
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in ARCHIVE.items()}
    canonical = json.dumps(hashes, sort_keys=True, separators=(",", ":"))
    assert digest_of(_WHOLE) == hashlib.sha256(canonical.encode()).hexdigest()


@given(
    name=st.sampled_from(sorted(set(ARCHIVE) - {"schemas/guard.json"})),
    text=st.text(min_size=1, max_size=20),
)
@settings(deadline=None, max_examples=40)
def test_digest_changes_with_any_file(name, text):
    changed = ARCHIVE[name] + f"\n# {text.encode('unicode_escape').decode()}\n"
    try:
        digest = digest_of(make_archive({name: changed}))
    except ManifestError:
        return
    assert digest != digest_of(_WHOLE)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (_WHOLE + b"more", "ALT401"),
        (b"before" + _WHOLE, "ALT401"),
        (b"", "ALT401"),
        (_WHOLE[: len(_WHOLE) // 2], "ALT401"),
        (make_archive({"code/a/b/../../../c.py": ""}), "ALT403"),
        (make_archive({"/etc/cron.d/x": ""}), "ALT403"),
        (make_archive({"code\\a.py": ""}), "ALT403"),
        (make_archive({"code/glossary_guard/CON.py": ""}), "ALT305"),
        (make_archive({"code/glossary_guard": ""}), "ALT405"),
        (make_archive({"wheels/inner/other-1.0-py3-none-any.whl": ""}), "ALT402"),
        (make_archive({"wheels/inner.zip": ""}), "ALT402"),
        (make_archive({"schemas/other.json": "{}"}), "ALT402"),
        (make_archive({"sitecustomize.py": ""}), "ALT402"),
        (make_archive({"README.md": "x" * (LIMITS.document + 1)}), "ALT407"),
        (make_archive({f"code/g/{n}.py": "" for n in range(LIMITS.entries)}), "ALT407"),
        (make_archive({"LICENSE": None}), "ALT408"),
    ],
)
def test_hostile_archive_is_refused(data, rule):
    assert rule in _refused(data)


def test_entries_of_the_same_name_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in ARCHIVE.items():
            archive.writestr(name, text)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("README.md", "# Another")
    assert "ALT405" in _refused(file.getvalue())


def test_entries_that_share_their_bytes_are_refused():
    """The core of a zip bomb: many entries of the directory point to the same packed bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ARCHIVE.items():
            archive.writestr(name, text)
        archive.writestr("code/glossary_guard/a.txt", random.Random(7).randbytes(5000))
        shared = archive.getinfo("code/glossary_guard/a.txt")
        for n in range(5):
            copy = zipfile.ZipInfo(f"code/glossary_guard/a{n}.txt")
            for attribute in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(copy, attribute, getattr(shared, attribute))
            copy.compress_type = zipfile.ZIP_DEFLATED
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy
    assert _refused(file.getvalue()) == {"ALT401"}


def test_entry_that_unpacks_to_more_than_it_said_is_refused():
    """The directory says ten bytes, the packed stream holds a million."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ARCHIVE.items():
            archive.writestr(name, text)
        archive.writestr("code/glossary_guard/long.txt", b"x" * 1_000_000)
    data = bytearray(file.getvalue())
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, 10)
    with open_archive(bytes(data)) as archive, pytest.raises(ArchiveError):
        archive.read("code/glossary_guard/long.txt")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"\\u0000": 1}',
        '{"a": ["\\ud800"]}',
        "[]",
        "{",
        '{"a":' * 2000,
        f'{{"a": {"9" * 5000}}}',
    ],
)
def test_json_that_a_database_would_refuse_is_refused(text):
    with open_archive(make_archive({"report.json": text})) as archive, pytest.raises(ArchiveError):
        archive.json("report.json")


def test_document_without_text_is_shown_without_its_signs():
    with open_archive(make_archive({"README.md": b"a\0b\xff"})) as archive:
        assert archive.text("README.md") == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    ("field", "offending"),
    [
        ('command = "/bin/sh"', 0),
        ('args = ["-c", "touch /tmp/x"]', 0),
        ('code = "import os"', 0),
        ('template = "{{ 7 * 7 }}"', 0),
        ('stdio = "python server.py"', 0),
        ('[server]\ncommand = "sh"', 0),
        ('[[provides]]\nkind = "tool"\nentry = "a:B"\ncommand = "sh"', 3),
        ("[grants]\nshell = true", 1),
    ],
)
def test_imported_package_names_no_command(field, offending):
    """C41: neither at the top nor in any table; nothing of the archive is looked at besides."""
    table = field.startswith("[")
    text = f"{MANIFEST}\n{field}\n" if table else f"{field}\n{MANIFEST}"
    with pytest.raises(ManifestError) as caught:
        open_archive(make_archive({"altiplano-plugin.toml": text}))
    (finding,) = caught.value.findings
    assert finding.rule == "ALT106"
    assert text.splitlines()[finding.line - 1] == field.splitlines()[offending]
