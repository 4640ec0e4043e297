"""Signatures over a release: who vouches for exactly these files."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from altiplano_sdk.packaging.archive import PackageArchive, open_archive
from altiplano_sdk.packaging.findings import ArchiveError, Finding
from altiplano_sdk.packaging.keys import (
    ALGORITHM,
    format_public_key,
    key_id_of,
    parse_public_key,
    raw_public_key,
)
from altiplano_sdk.packaging.layout import SIGNATURE
from altiplano_sdk.packaging.rulebook import files as rules
from altiplano_sdk.packaging.zip_writing import write_zip

_PURPOSE: Final = "altiplano plugin release, version 1"


class SignatureState(StrEnum):
    """``unknown_key`` is whole, but by nobody who was asked about."""

    UNSIGNED = "unsigned"
    VALID = "valid"
    UNKNOWN_KEY = "unknown_key"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SignatureResult:
    """``key_id`` is empty unless the signature is whole. ``digest`` is the archive's own."""

    state: SignatureState
    digest: str
    key_id: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why nobody may take the archive for its author's; none when it is signed by one."""
        if self.state is SignatureState.BROKEN:
            message = "The signature is not one of these contents."
            return (rules.SIGNATURE.finding(message, file=SIGNATURE),)
        if self.state is SignatureState.UNKNOWN_KEY:
            message = f"The key {self.key_id} is not one of the author's."
            hint = "Add its public half to your keys in the portal, or sign with another one."
            return (rules.NOT_THE_AUTHORS.finding(message, file=SIGNATURE, hint=hint),)
        if self.state is SignatureState.UNSIGNED:
            return (rules.NOT_THE_AUTHORS.finding("Nobody signed this file.", file=SIGNATURE),)
        return ()


def sign_archive(path: Path, key: Ed25519PrivateKey) -> SignatureResult:
    """The archive at ``path`` carries the key's signature, in place of any it had.

    Raises ArchiveError and leaves the file as it was when it is no sound archive.
    """
    with open_archive(path) as archive:
        raw = raw_public_key(key)
        signature = {
            "algorithm": ALGORITHM,
            "key_id": key_id_of(raw),
            "public_key": format_public_key(raw),
            "digest": archive.digest,
            "signature": base64.b64encode(key.sign(_message(archive))).decode("ascii"),
        }
        entries = {name: archive.read(name) for name in archive.names if name != SIGNATURE}
        result = SignatureResult(SignatureState.VALID, archive.digest, key_id_of(raw))
    entries[SIGNATURE] = _canonical(signature)
    write_zip(path, entries)
    return result


def verify_archive(archive: PackageArchive, public_keys: Iterable[bytes]) -> SignatureResult:
    """Whether one of ``public_keys`` (32 bytes each) signed exactly these contents."""
    digest = archive.digest
    if SIGNATURE not in archive.names:
        return SignatureResult(SignatureState.UNSIGNED, digest)
    try:
        said = archive.json(SIGNATURE)
        raw = parse_public_key(str(said.get("public_key")))
        signature = base64.b64decode(str(said.get("signature")), validate=True)
        whole = (
            said.get("algorithm") == ALGORITHM
            and said.get("digest") == digest
            and said.get("key_id") == key_id_of(raw)
        )
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, _message(archive))
    except (ArchiveError, ValueError, InvalidSignature):
        whole = False
    if not whole:
        return SignatureResult(SignatureState.BROKEN, digest)
    known = SignatureState.VALID if raw in set(public_keys) else SignatureState.UNKNOWN_KEY
    return SignatureResult(known, digest, key_id_of(raw))


def _message(archive: PackageArchive) -> bytes:
    """What is signed names its purpose, so that no signature can be taken for another's."""
    manifest = archive.manifest
    return "\n".join((_PURPOSE, manifest.id, manifest.version, archive.digest)).encode()


def _canonical(signature: dict[str, str]) -> bytes:
    return json.dumps(signature, indent=2, sort_keys=True).encode() + b"\n"
