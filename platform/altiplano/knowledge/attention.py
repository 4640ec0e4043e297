"""What of an organization's documents waits for someone."""

import uuid
from collections.abc import Iterator

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from altiplano.kernel.attention import Attention
from altiplano.knowledge.models import Document, DocumentState

MOST = 5
"""Collections that are named one by one; a list of fifty would be read by nobody."""


def documents_that_failed(
    organization_id: uuid.UUID, scopes: frozenset[str]
) -> Iterator[Attention]:
    """One line for each collection with documents that could not be read, in one query."""
    if "write" not in scopes:
        return
    rows = (
        Document.objects.within(organization_id)
        .filter(latest_version__state=DocumentState.FAILED)
        .order_by()
        .values("collection_id", "collection__name")
        .annotate(failed=Count("id"))
        .order_by("-failed", "collection_id")[:MOST]
    )
    for row in rows:
        sentence = ngettext(
            "%(count)d document of “%(name)s” could not be read.",
            "%(count)d documents of “%(name)s” could not be read.",
            row["failed"],
        )
        yield Attention(
            sentence % {"count": row["failed"], "name": row["collection__name"]},
            reverse("knowledge:collection-detail", args=[row["collection_id"]]),
            _("See why"),
            urgency=0,
        )
