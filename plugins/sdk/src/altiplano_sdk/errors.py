"""Errors a plugin may raise, and what the platform does with each.

::

    PluginError
    ├── PermanentError            never retried; the message is shown to the owner
    │   └── UnreadableDocumentError
    ├── RetryableError            retried up to the job's attempt cap
    └── EngineError               a model endpoint did not answer as agreed
        ├── EngineUnavailableError
        └── EngineTimeoutError
    BudgetExceededError           the platform stopped the stage: time, memory or output

Messages are sentences for the person who owns the document or the app. They name no path,
address or secret.
"""


class PluginError(Exception):
    """Base of every error a plugin raises on purpose.

    ``code`` is a stable, machine-readable word; ``message`` a sentence for people.
    """

    code = "plugin_failed"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class PermanentError(PluginError):
    """Trying again would fail in the same way."""

    code = "permanent"


class UnreadableDocumentError(PermanentError):
    """The file cannot be turned into text; the message says why (encrypted, truncated, ...)."""

    code = "unreadable"


class RetryableError(PluginError):
    """Trying again later may succeed."""

    code = "retryable"


class EngineError(PluginError):
    """A model endpoint answered with an error or with something that is no answer."""

    code = "engine_failed"


class EngineUnavailableError(EngineError):
    """No connection to the model endpoint could be made."""

    code = "engine_unavailable"


class EngineTimeoutError(EngineError):
    """The model endpoint stayed silent for longer than its limit."""

    code = "engine_timeout"


class BudgetExceededError(PluginError):
    """The stage used more time, memory or output than it was given."""

    code = "budget_exceeded"
