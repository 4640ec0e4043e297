"""Collections, documents and what was read of them in the admin dashboard."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.paginator import InfinitePaginator

from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_traces import JobTraces
from altiplano.knowledge.models import (
    Chunk,
    Collection,
    Document,
    DocumentText,
    DocumentVersion,
    Tombstone,
)
from altiplano.knowledge.source_models import LoadedDocument, Source


@admin.register(Collection)
class CollectionAdmin(JobTraces, AreaAdmin):
    list_display = ("name", "organization", "embedder", "index_generation", "created_at")
    list_select_related = ("organization",)
    list_filter = ("embedder", "language")
    search_fields = ("name", "organization__name", "organization__slug")
    ordering = ("-created_at",)


@admin.register(Document)
class DocumentAdmin(AreaAdmin):
    list_display = ("name", "organization", "collection", "created_at")
    list_select_related = ("organization", "collection")
    search_fields = ("name", "collection__name", "organization__name")
    ordering = ("-created_at",)
    paginator = InfinitePaginator


@admin.register(DocumentVersion)
class DocumentVersionAdmin(JobTraces, AreaAdmin):
    list_display = (
        "document",
        "number",
        "organization",
        "state",
        "reason",
        "bytes",
        "page_count",
        "created_at",
    )
    list_select_related = ("document", "organization")
    list_filter = ("state", "reason_code", "media_type")
    search_fields = ("document__name", "organization__name", "=sha256", "reason")
    ordering = ("-created_at",)
    paginator = InfinitePaginator


@admin.register(DocumentText)
class DocumentTextAdmin(AreaAdmin):
    list_display = ("version", "document", "organization")
    list_select_related = ("version__document", "version__organization")
    search_fields = ("version__document__name", "version__organization__name")
    ordering = ("-version_id",)
    paginator = InfinitePaginator

    @admin.display(description=_("document"))
    def document(self, row: DocumentText) -> str:
        return row.version.document.name

    @admin.display(description=_("organization"))
    def organization(self, row: DocumentText) -> str:
        return row.version.organization.name


@admin.register(Chunk)
class ChunkAdmin(AreaAdmin):
    list_display = ("id", "organization", "collection", "ordinal", "page", "is_indexed")
    list_select_related = ("organization", "collection")
    list_filter = ("is_indexed",)
    search_fields = ("=id", "collection__name")
    ordering = ("-id",)
    paginator = InfinitePaginator


@admin.register(Tombstone)
class TombstoneAdmin(AreaAdmin):
    list_display = ("id", "collection", "created_at")
    list_select_related = ("collection",)
    search_fields = ("collection__name",)
    ordering = ("-id",)


@admin.register(Source)
class SourceAdmin(JobTraces, AreaAdmin):
    list_display = ("name", "organization", "collection", "plugin", "state", "repeat", "next_at")
    list_select_related = ("organization", "collection")
    list_filter = ("state", "repeat", "plugin")
    search_fields = ("name", "collection__name", "organization__name", "plugin")
    ordering = ("-created_at",)


@admin.register(LoadedDocument)
class LoadedDocumentAdmin(AreaAdmin):
    list_display = ("document", "source", "organization", "seen_at", "gone_since")
    list_select_related = ("document", "source", "organization")
    search_fields = ("document__name", "source__name", "organization__name")
    ordering = ("-seen_at", "-id")
    paginator = InfinitePaginator
