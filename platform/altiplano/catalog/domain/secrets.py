"""The values that an organization gives to the secrets of a plugin, stored encrypted."""

import json
from collections.abc import Mapping
from typing import Final

from altiplano.kernel.sealing import UnsealableError, seal, unseal

PURPOSE: Final = b"altiplano plugin secrets"


def seal_secrets(values: Mapping[str, str]) -> bytes:
    """The values as they may be stored."""
    return seal(json.dumps(dict(values)), purpose=PURPOSE) if values else b""


def open_secrets(sealed: bytes | memoryview) -> dict[str, str]:
    """What :func:`seal_secrets` was given; nothing when the platform's secret key has changed, so
    that the plugin says itself which secret it misses.
    """
    try:
        text = unseal(sealed, purpose=PURPOSE)
    except UnsealableError:
        return {}
    return dict(json.loads(text)) if text else {}
