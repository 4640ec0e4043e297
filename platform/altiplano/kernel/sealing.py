"""Secrets of others that the platform keeps: encrypted under keys derived from ``SECRET_KEY``.

Each purpose has a key of its own, so that what was sealed for one can be opened for no other.
"""

import base64
import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class UnsealableError(Exception):
    """It was sealed under another ``SECRET_KEY``, for another purpose, or is damaged."""


def seal(text: str, *, purpose: bytes) -> bytes:
    """``text`` as it may be stored; an empty text stays empty."""
    return _fernet(settings.SECRET_KEY, purpose).encrypt(text.encode()) if text else b""


def unseal(sealed: bytes | memoryview, *, purpose: bytes) -> str:
    """The text that :func:`seal` was given. Raises UnsealableError."""
    if not sealed:
        return ""
    try:
        return _fernet(settings.SECRET_KEY, purpose).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise UnsealableError from None


def derived_key(purpose: bytes) -> bytes:
    """32 bytes that belong to this platform and this purpose."""
    return _derived(settings.SECRET_KEY, purpose)


@cache
def _fernet(secret: str, purpose: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret, purpose)))


@cache
def _derived(secret: str, purpose: bytes) -> bytes:
    return hmac.new(secret.encode(), purpose, hashlib.sha256).digest()
