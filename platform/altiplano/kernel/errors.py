"""The errors of the domain, each with what an API needs to answer and a person needs to act.

::

    DomainError            400
    ├── InvalidInputError  400   something in the request makes no sense
    ├── NotSignedInError   401   no credential, or one that is revoked or expired
    ├── NotAllowedError    403   the role or the token's scopes do not reach
    ├── NotFoundError      404   not there, or not yours: the two look the same
    ├── ConflictError      409   the object is in a state that does not allow this
    ├── TooLargeError      413
    ├── LimitReachedError  429   a quota or a rate
    ├── UnavailableError   503   a part of the platform does not answer at the moment
    └── StorageFullError   507   the disk is full; nothing was stored
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from altiplano.kernel.sentences import fill

if TYPE_CHECKING:
    from altiplano.kernel.sentences import Text


class DomainError(Exception):
    """A refusal: a sentence for people, and ``code``, which is stable and for programs.

    The sentence is marked with ``gettext_lazy`` (or ``ngettext_lazy`` with the name of a number),
    and what varies in it comes in ``params``, never in an f-string. So it is put into words only
    when it is shown: the error may cross threads and still speak its reader's language.
    """

    status: ClassVar[int] = 400
    code: str = "invalid"

    def __init__(
        self,
        message: Text,
        *,
        params: Mapping[str, object] | None = None,
        code: str | None = None,
        fields: Mapping[str, Text] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self._message = message
        self._params = dict(params or {})
        self._fields = dict(fields or {})
        self.retry_after = retry_after
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        """The sentence, in the language that is active now; English outside requests."""
        return fill(self._message, self._params)

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong with each field by name, in a few words of the active language."""
        return {name: fill(reason, self._params) for name, reason in self._fields.items()}

    @property
    def remedy(self) -> str:
        """The page on which a person can do what is missing; empty where there is none."""
        return ""

    @property
    def extra(self) -> Mapping[str, object]:
        """What a program is told besides, by name; ready for JSON."""
        return {}

    def __str__(self) -> str:
        return self.message


class InvalidInputError(DomainError):
    code = "invalid"


class NotSignedInError(DomainError):
    status = 401
    code = "not_signed_in"


class NotAllowedError(DomainError):
    status = 403
    code = "not_allowed"


class NotFoundError(DomainError):
    status = 404
    code = "not_found"


class ConflictError(DomainError):
    status = 409
    code = "conflict"


class TooLargeError(DomainError):
    status = 413
    code = "too_large"


class LimitReachedError(DomainError):
    status = 429
    code = "limit_reached"


class UnavailableError(DomainError):
    status = 503
    code = "unavailable"


class StorageFullError(DomainError):
    status = 507
    code = "storage_full"
