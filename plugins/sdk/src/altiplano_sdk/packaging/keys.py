"""Keys that authors sign with: Ed25519, one file each, readable by their owner alone."""

import base64
import binascii
import hashlib
import os
import re
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

ALGORITHM: Final = "ed25519"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RAW_SIZE: Final = 32


class KeyFileError(Exception):
    """A key file is missing, exists already or holds something else; the message says which."""


def key_folder() -> Path:
    """Where keys lie unless told otherwise: below the person's own configuration."""
    return Path.home() / ".config" / "altiplano" / "keys"


def create_key(name: str, *, folder: Path | None = None) -> Ed25519PrivateKey:
    """A new key, written to ``NAME.pem``. Raises KeyFileError rather than replace one."""
    path = _path_of(name, folder)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"There is a key called {name} already; it was left alone.") from error
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    return key


def load_key(name: str, *, folder: Path | None = None) -> Ed25519PrivateKey:
    """The key in ``NAME.pem``. Raises KeyFileError when there is none."""
    path = _path_of(name, folder)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        message = f"There is no key called {name}. `altiplano-plugin sign --new-key` makes one."
        raise KeyFileError(message) from error
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"The key {name} cannot be read.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"The key {name} is not an Ed25519 key.")
    return key


def _path_of(name: str, folder: Path | None) -> Path:
    if not _NAME.fullmatch(name):
        raise KeyFileError("The name of a key has letters, digits, hyphens and underscores.")
    return (folder or key_folder()) / f"{name}.pem"


def raw_public_key(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes that verify what ``key`` signs."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def format_public_key(raw: bytes) -> str:
    """One line to paste into the portal."""
    return f"{ALGORITHM}:{base64.b64encode(raw).decode('ascii')}"


def parse_public_key(text: str) -> bytes:
    """The 32 bytes of what :func:`format_public_key` wrote. Raises ValueError for anything else."""
    algorithm, _, encoded = text.strip().partition(":")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("This is no public key.") from error
    if algorithm != ALGORITHM or len(raw) != _RAW_SIZE:
        raise ValueError("This is no public key.")
    Ed25519PublicKey.from_public_bytes(raw)
    return raw


def key_id_of(raw: bytes) -> str:
    """Sixteen hexadecimal digits by which people and programs name a public key."""
    return hashlib.sha256(raw).hexdigest()[:16]
