"""Errors on their way over the wire: the ones of the SDK as they are, all others as a type's name."""

import re
from dataclasses import dataclass
from typing import Final

from altiplano_sdk import errors
from altiplano_sdk.cleaning import clean_text

UNEXPECTED: Final = "unexpected"
MAX_MESSAGE: Final = 500

_CLASSES: Final[dict[str, type[errors.PluginError]]] = {
    "unreadable": errors.UnreadableDocumentError,
    "permanent": errors.PermanentError,
    "retryable": errors.RetryableError,
    "engine_unavailable": errors.EngineUnavailableError,
    "engine_timeout": errors.EngineTimeoutError,
    "engine": errors.EngineError,
    "budget": errors.BudgetExceededError,
    "plugin": errors.PluginError,
}
_CODE: Final = re.compile(r"^[a-z][a-z0-9_]{0,39}$")


@dataclass(frozen=True, slots=True)
class Failure:
    """``kind`` names the class; ``message`` is a sentence, or a type's name if unexpected."""

    kind: str
    code: str
    message: str


def describe_failure(error: BaseException) -> Failure:
    """What may be told of the error. Only errors of the SDK bring words of their own."""
    if isinstance(error, errors.PluginError):
        for kind, cls in _CLASSES.items():
            if isinstance(error, cls):
                return Failure(kind, str(error.code)[:40], str(error.message)[:MAX_MESSAGE])
    return Failure(UNEXPECTED, UNEXPECTED, type(error).__name__[:80])


def failure_error(failure: Failure) -> errors.PluginError | None:
    """The error that was described, with its words made safe; None for an unexpected one."""
    cls = _CLASSES.get(failure.kind)
    if cls is None:
        return None
    words = " ".join(clean_text(failure.message[:MAX_MESSAGE]).text.split())
    code = failure.code if _CODE.match(failure.code) else None
    return cls(words or "The plugin gave no reason.", code=code)
