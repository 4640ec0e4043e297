"""Keys of model endpoints are stored encrypted, under a key derived from ``SECRET_KEY``."""

import base64
import hashlib
import hmac
import uuid
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import DomainError


class UnreadableKeyError(DomainError):
    """The stored key was sealed under another ``SECRET_KEY``."""

    status = 409
    code = "endpoint_key_unreadable"


def seal_key(key: str) -> bytes:
    """``key`` as it may be stored; an empty key stays empty."""
    return _fernet(settings.SECRET_KEY).encrypt(key.encode()) if key else b""


def open_key(sealed: bytes | memoryview) -> str:
    """The key that :func:`seal_key` was given. Raises UnreadableKeyError."""
    if not sealed:
        return ""
    try:
        return _fernet(settings.SECRET_KEY).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise UnreadableKeyError(
            _(
                "The stored key of this model endpoint can no longer be read, because the platform's "
                "secret key has changed. Enter the endpoint's key again."
            )
        ) from None


def tenant_salt(organization_id: uuid.UUID) -> str:
    """What parts this organization's prompts from others' in an engine's prefix cache.

    The same for each request of one organization; not to be guessed from its id.
    """
    return hmac.new(
        _derived(settings.SECRET_KEY, b"altiplano prefix-cache salt"),
        organization_id.bytes,
        hashlib.sha256,
    ).hexdigest()


@cache
def _fernet(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret, b"altiplano endpoint keys")))


@cache
def _derived(secret: str, purpose: bytes) -> bytes:
    return hmac.new(secret.encode(), purpose, hashlib.sha256).digest()
