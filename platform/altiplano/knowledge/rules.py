"""What may be done with documents, as predicates and checks without side effects."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError, LimitReachedError
from altiplano.kernel.sentences import Size
from altiplano.knowledge.models import UNFINISHED_STATES, DocumentState, DocumentVersion

MAX_URL_CHARS = 2000


def is_unfinished(version: DocumentVersion) -> bool:
    return version.state in UNFINISHED_STATES


def can_retry(version: DocumentVersion) -> bool:
    return version.state in {DocumentState.FAILED, DocumentState.CANCELLED}


def readable_bytes(count: int) -> str:
    """``209715200`` as ``200 MB``, in the units that a person's file manager shows."""
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


def too_large_reason() -> str:
    """For storing, so in English; pages translate it when they show it."""
    limit = readable_bytes(settings.MAX_DOCUMENT_BYTES)
    return f"The file is larger than {limit}, which is the most one document may have."


def check_storage(*, used: int, added: int, limit: int) -> None:
    """Raises LimitReachedError when ``added`` bytes do not fit into the organization's ``limit``."""
    if used + added > limit:
        raise LimitReachedError(
            _(
                "Your organization uses %(used)s of %(limit)s; %(added)s more do not fit. "
                "Delete documents you no longer need."
            ),
            params={
                "used": Size(used),
                "limit": Size(limit),
                "added": Size(added),
            },
            code="storage_limit",
        )


def check_url(url: str) -> str:
    """The host of an address that may be asked for. Raises InvalidInputError.

    The worker that fetches it looks at the address behind the name, which only it can know.
    """
    message = _("Give the full address of one document, as in https://example.org/report.pdf.")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port  # raises for a port that is no number
    except ValueError:
        raise InvalidInputError(message, code="url_not_valid", fields={"url": message}) from None
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(' \\<>"{}|^`')
    if (
        not is_plain
        or len(url) > MAX_URL_CHARS
        or parts.scheme not in {"http", "https"}
        or not host
        or "@" in parts.netloc
    ):
        raise InvalidInputError(message, code="url_not_valid", fields={"url": message})
    return host
