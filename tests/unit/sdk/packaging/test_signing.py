"""Signatures, and the keys they are made with."""

import json
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altiplano_sdk.packaging import ArchiveError
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.keys import (
    KeyFileError,
    create_key,
    format_public_key,
    key_folder,
    key_id_of,
    load_key,
    parse_public_key,
    raw_public_key,
)
from altiplano_sdk.packaging.signing import SignatureState, sign_archive, verify_archive

from .samples import ARCHIVE, MANIFEST, make_archive


@pytest.fixture
def key(tmp_path):
    return create_key("mine", folder=tmp_path / "keys")


@pytest.fixture
def signed(tmp_path, key):
    path = tmp_path / "package.altiplano"
    path.write_bytes(make_archive())
    sign_archive(path, key)
    return path


def _state(data, *keys) -> SignatureState:
    with open_archive(data) as archive:
        return verify_archive(archive, keys).state


def _entries(path) -> dict[str, bytes]:
    with open_archive(path) as archive:
        return {name: archive.read(name) for name in archive.names}


def test_signed_archive_is_its_authors(signed, key):
    raw = raw_public_key(key)
    with open_archive(signed) as archive:
        result = verify_archive(archive, [raw])
        said = archive.json("signature.json")
    assert result.state is SignatureState.VALID
    assert result.key_id == key_id_of(raw) == said["key_id"]
    assert said["digest"] == result.digest
    assert result.findings == ()


def test_signing_changes_no_file_and_no_digest(signed):
    entries = _entries(signed)
    del entries["signature.json"]
    assert entries == {name: text.encode() for name, text in ARCHIVE.items()}
    with open_archive(signed) as archive, open_archive(make_archive()) as unsigned:
        assert archive.digest == unsigned.digest


def test_unsigned_archive_says_so():
    with open_archive(make_archive()) as archive:
        result = verify_archive(archive, [])
    assert result.state is SignatureState.UNSIGNED
    (finding,) = result.findings
    assert finding.rule == "ALT412"
    assert "altiplano-plugin sign" in finding.hint


def test_key_of_somebody_else_is_unknown(signed, tmp_path):
    other = raw_public_key(create_key("other", folder=tmp_path))
    with open_archive(signed) as archive:
        result = verify_archive(archive, [other])
    assert result.state is SignatureState.UNKNOWN_KEY
    assert [finding.rule for finding in result.findings] == ["ALT412"]


def test_signing_again_replaces_the_signature(signed, key, tmp_path):
    other = create_key("other", folder=tmp_path)
    sign_archive(signed, other)
    assert _state(signed, raw_public_key(other)) is SignatureState.VALID
    assert _state(signed, raw_public_key(key)) is SignatureState.UNKNOWN_KEY


@given(name=st.sampled_from(sorted(set(ARCHIVE) - {"altiplano-plugin.toml"})))
@settings(deadline=None, max_examples=10)
def test_changed_file_breaks_the_signature(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    path = folder / "package.altiplano"
    path.write_bytes(make_archive())
    key = create_key("mine", folder=folder)
    sign_archive(path, key)
    data = make_archive({**_entries(path), name: _entries(path)[name] + b"\n"})
    with open_archive(data) as archive:
        result = verify_archive(archive, [raw_public_key(key)])
    assert result.state is SignatureState.BROKEN
    assert [finding.rule for finding in result.findings] == ["ALT411"]


def test_signature_of_one_release_fits_no_other(signed, key):
    """Moved to a later version, even with the digest said anew."""
    entries = _entries(signed)
    entries["altiplano-plugin.toml"] = MANIFEST.replace("1.1.0", "1.2.0").encode()
    with open_archive(make_archive({**entries, "signature.json": None})) as archive:
        digest = archive.digest
    said = json.loads(entries["signature.json"])
    entries["signature.json"] = json.dumps({**said, "digest": digest}).encode()
    assert _state(make_archive(entries), raw_public_key(key)) is SignatureState.BROKEN


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"algorithm": "none", "signature": ""}', '{"public_key": 7}'],
)
def test_signature_that_is_none_is_broken(text, key):
    data = make_archive({"signature.json": text})
    assert _state(data, raw_public_key(key)) is SignatureState.BROKEN


def test_signing_what_is_no_archive_leaves_it_alone(tmp_path, key):
    path = tmp_path / "notes.altiplano"
    path.write_bytes(b"notes")
    with pytest.raises(ArchiveError):
        sign_archive(path, key)
    assert path.read_bytes() == b"notes"


def test_key_file_is_for_its_owner_alone_and_never_replaced(tmp_path):
    folder = tmp_path / "keys"
    key = create_key("mine", folder=folder)
    path = folder / "mine.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert raw_public_key(load_key("mine", folder=folder)) == raw_public_key(key)
    with pytest.raises(KeyFileError, match="left alone"):
        create_key("mine", folder=folder)
    assert raw_public_key(load_key("mine", folder=folder)) == raw_public_key(key)


@pytest.mark.parametrize("name", ["../mine", "", "a/b", "a.b", "-x", "x" * 65])
def test_key_name_cannot_lead_elsewhere(name, tmp_path):
    with pytest.raises(KeyFileError, match="name of a key"):
        create_key(name, folder=tmp_path)


def test_missing_and_foreign_keys_are_told_apart(tmp_path):
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(KeyFileError, match="--new-key"):
        load_key("mine", folder=tmp_path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key("text", folder=tmp_path)


def test_keys_lie_below_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert key_folder() == tmp_path / ".config" / "altiplano" / "keys"


@given(raw=st.binary(min_size=32, max_size=32))
def test_public_key_survives_being_written(raw):
    assert parse_public_key(format_public_key(raw)) == raw


@pytest.mark.parametrize("text", ["", "ed25519:", "rsa:AAAA", "ed25519:AAAA", "ed25519:ä"])
def test_text_that_is_no_public_key_is_refused(text):
    with pytest.raises(ValueError, match="no public key"):
        parse_public_key(text)
