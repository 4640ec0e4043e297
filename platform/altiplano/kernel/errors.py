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

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """``message`` is a sentence for people; ``code`` is stable and for programs."""

    status: ClassVar[int] = 400
    code: str = "invalid"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})
        self.retry_after = retry_after
        if code is not None:
            self.code = code


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
