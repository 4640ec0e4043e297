"""Where in a document something stands, in words."""

from pathlib import PurePosixPath
from typing import Final

from django.utils.translation import gettext as _

KINDS_WITH_PAGES: Final = frozenset({".pdf"})


def has_page(document_name: str, page: int) -> bool:
    """Whether people find ``page`` in the document.

    What has no pages is one page to whoever counts; so the first page is one only of a kind that
    is printed in pages. Told by the name: a citation outlives its document.
    """
    return page > 1 or PurePosixPath(document_name.lower()).suffix in KINDS_WITH_PAGES


def place_of(document_name: str, page: int) -> str:
    """The document and, where it has any, the page: “care.pdf, page 2”, “notes.txt”."""
    if not has_page(document_name, page):
        return document_name
    return _("%(name)s, page %(page)d") % {"name": document_name, "page": page}
