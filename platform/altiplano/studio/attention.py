"""What of an organization's apps waits for someone."""

import uuid
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from altiplano.catalog.queries import installed_releases
from altiplano.kernel.attention import Attention
from altiplano.studio.queries import apps_of, draft_is_ahead

MOST = 5


def apps_to_publish(organization_id: uuid.UUID, scopes: frozenset[str]) -> Iterator[Attention]:
    """One line for each of the first apps that nobody outside can ask yet, or not as it is now."""
    if "write" not in scopes:
        return
    installed = installed_releases(organization_id)
    ahead = [app for app in apps_of(organization_id) if draft_is_ahead(app, installed)]
    for app in ahead[:MOST]:
        sentence = (
            _("“%(name)s” has changes that are not published.")
            if app.published_version
            else _("“%(name)s” is a draft: only members can ask it.")
        )
        yield Attention(
            sentence % {"name": app.name},
            reverse("studio:app-publish", args=[app.id]),
            _("Look at it and publish"),
            urgency=2,
        )
