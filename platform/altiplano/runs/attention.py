"""What of an organization's answers waits for someone."""

import uuid
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from altiplano.kernel.attention import Attention
from altiplano.runs.models import Report, ReportState


def reports_to_read(organization_id: uuid.UUID, scopes: frozenset[str]) -> Iterator[Attention]:
    """One line when somebody reported an answer and nobody has looked at it."""
    if "write" not in scopes:
        return
    count = Report.objects.within(organization_id).filter(state=ReportState.OPEN).count()
    if count:
        sentence = ngettext(
            "%(count)d answer was reported.", "%(count)d answers were reported.", count
        )
        yield Attention(
            sentence % {"count": count}, reverse("runs:reports"), _("Look at it"), urgency=0
        )
