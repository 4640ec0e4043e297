"""Keys of model endpoints are stored encrypted, under a key derived from ``SECRET_KEY``."""

import hashlib
import hmac
import uuid
from typing import Final

from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import DomainError
from altiplano.kernel.sealing import UnsealableError, derived_key, seal, unseal

PURPOSE: Final = b"altiplano endpoint keys"


class UnreadableKeyError(DomainError):
    """The stored key was sealed under another ``SECRET_KEY``."""

    status = 409
    code = "endpoint_key_unreadable"


def seal_key(key: str) -> bytes:
    """``key`` as it may be stored; an empty key stays empty."""
    return seal(key, purpose=PURPOSE)


def open_key(sealed: bytes | memoryview) -> str:
    """The key that :func:`seal_key` was given. Raises UnreadableKeyError."""
    try:
        return unseal(sealed, purpose=PURPOSE)
    except UnsealableError:
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
        derived_key(b"altiplano prefix-cache salt"), organization_id.bytes, hashlib.sha256
    ).hexdigest()
