"""How much may still be asked today, said before it is used up."""

import uuid

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from altiplano.kernel.sentences import fill
from altiplano.runs.domain.quota import remaining_quota

LOW = 20
LOW_SHARE = 0.1


def allowance_sentence(organization_id: uuid.UUID) -> str:
    """Empty while there is plenty."""
    quota = remaining_quota(organization_id)
    if quota.runs_left <= 0:
        anew = date_format(localtime(quota.resets_at), "TIME_FORMAT")
        return _("Your organization has used up its questions of today; the next at %(time)s.") % {
            "time": anew
        }
    if quota.runs_left > max(LOW, quota.runs_per_day * LOW_SHARE):
        return ""
    sentence = ngettext(
        "Your organization has %(count)s question left today.",
        "Your organization has %(count)s questions left today.",
        quota.runs_left,
    )
    return fill(sentence, {"count": quota.runs_left})
