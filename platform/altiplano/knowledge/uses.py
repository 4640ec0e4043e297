"""Which collections use a plugin, for the pages about plugins."""

import uuid

from django.urls import reverse

from altiplano.catalog.uses import Use
from altiplano.knowledge.models import Collection


def collections_that_name(organization_id: uuid.UUID, slug: str) -> list[Use]:
    """One query, however many collections there are."""
    collections = Collection.objects.within(organization_id).order_by("name", "id")
    found = []
    for collection in collections.only("id", "name", "plugins", "next_embedder"):
        pins = [*collection.plugins, *collection.next_embedder.get("plugins", ())]
        version = next((str(pin["version"]) for pin in pins if pin["plugin"] == slug), "")
        if version:
            address = reverse("knowledge:collection-reading", args=[collection.id])
            found.append(Use(name=collection.name, address=address, reads_with=version))
    return found
