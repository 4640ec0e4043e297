"""Which apps use a plugin, for the pages about plugins."""

import json
import uuid

from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse

from altiplano.catalog.uses import Use
from altiplano.studio.domain.plugin_upgrades import apps_naming, published_with
from altiplano.studio.models import App
from altiplano.studio.pipelines import from_stored


def count_apps_published_with(slug: str) -> int:
    """Over all organizations, in one query: what is published, wherever drafts may be."""
    pinned = App.unscoped.annotate(pins=Cast("published_version__plugins", TextField()))
    # Both databases write a pair of a stored object in the same way.
    return pinned.filter(pins__contains=f'"plugin": {json.dumps(slug)}').count()


def apps_that_name(organization_id: uuid.UUID, slug: str) -> list[Use]:
    """One query, however many apps there are."""
    return [
        Use(
            name=app.name,
            address=reverse("studio:app-detail", args=[app.id]),
            in_draft=any(stage.plugin == slug for stage in from_stored(app.draft_pipeline)),
            published_with=published_with(app, slug),
        )
        for app in apps_naming(organization_id, slug)
    ]
