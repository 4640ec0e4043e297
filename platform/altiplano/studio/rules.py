"""What an app may be made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import embedder_step
from altiplano.studio.pipelines import Stage, needs_documents

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MAX_COLLECTIONS = 20
MAX_APPS = 1000


def check_collections(stages: Sequence[Stage], collections: Sequence[Collection]) -> None:
    """Raises InvalidInputError when the pipeline cannot answer from these collections."""
    if needs_documents(stages) and not collections:
        _refuse(
            _("This app answers from documents: name at least one collection."),
            _("at least one"),
            "collections_needed",
        )
    if len(collections) > MAX_COLLECTIONS:
        _refuse(
            _("An app answers from at most %(limit)s collections."),
            _("at most %(limit)s"),
            "too_many_collections",
        )
    if not share_embedding_model(collections):
        _refuse(
            _(
                "These collections were indexed with different embedding models; their passages "
                "cannot be compared. Make one app for each."
            ),
            _("different embedding models"),
            "embedding_models_differ",
        )


def share_embedding_model(collections: Sequence[Collection]) -> bool:
    """Whether one question vector can search them all.

    Before its first document a collection knows its embedder, but not yet the model's full name.
    """
    embedders = {
        (step.plugin, repr(sorted(step.config.items())), step.pin["digest"] if step.pin else "")
        for step in map(embedder_step, collections)
    }
    models = {c.embedding_model for c in collections if c.embedding_model}
    return len(embedders) <= 1 and len(models) <= 1


def _refuse(sentence: StrPromise, reason: StrPromise, code: str) -> None:
    raise InvalidInputError(
        sentence, params={"limit": MAX_COLLECTIONS}, code=code, fields={"collections": reason}
    )
