"""Pages of this area."""

from django.urls import path

from altiplano.knowledge.interfaces import (
    collection_views,
    document_views,
    reading_views,
    search_views,
    source_views,
    table_views,
)

app_name = "knowledge"
urlpatterns = [
    path("collections/", collection_views.list_collections, name="collection-list"),
    path("collections/new/", collection_views.add_collection, name="collection-create"),
    path(
        "collections/<str:collection_id>/",
        collection_views.show_collection,
        name="collection-detail",
    ),
    path(
        "collections/<str:collection_id>/documents/",
        table_views.list_documents,
        name="document-list",
    ),
    path(
        "collections/<str:collection_id>/changes/",
        table_views.show_changes,
        name="document-changes",
    ),
    path(
        "collections/<str:collection_id>/selected/",
        table_views.act_on_documents,
        name="document-act",
    ),
    path(
        "collections/<str:collection_id>/undo/",
        table_views.undo_deletion,
        name="deletion-undo",
    ),
    path(
        "collections/<str:collection_id>/search/",
        search_views.try_search,
        name="collection-search",
    ),
    path(
        "collections/<str:collection_id>/reading/",
        reading_views.choose_reading,
        name="collection-reading",
    ),
    path(
        "collections/<str:collection_id>/reading/progress/",
        reading_views.show_reading_progress,
        name="collection-reading-progress",
    ),
    path(
        "collections/<str:collection_id>/reading/again/",
        reading_views.read_documents_again,
        name="collection-read-again",
    ),
    path(
        "collections/<str:collection_id>/reading/stop/",
        reading_views.stop_reading,
        name="collection-reading-stop",
    ),
    path(
        "collections/<str:collection_id>/sources/",
        source_views.list_sources,
        name="collection-sources",
    ),
    path(
        "collections/<str:collection_id>/sources/progress/",
        source_views.show_progress,
        name="collection-sources-progress",
    ),
    path("sources/<str:source_id>/", source_views.show_source, name="source-detail"),
    path("sources/<str:source_id>/load/", source_views.load_source, name="source-load"),
    path("sources/<str:source_id>/stop/", source_views.stop_source, name="source-stop"),
    path("sources/<str:source_id>/delete/", source_views.delete_source, name="source-delete"),
    path(
        "collections/<str:collection_id>/settings/",
        collection_views.change_collection,
        name="collection-settings",
    ),
    path(
        "collections/<str:collection_id>/delete/",
        collection_views.delete_collection,
        name="collection-delete",
    ),
    path("documents/<str:document_id>/", document_views.show_document, name="document-detail"),
    path("documents/<str:document_id>/file/", document_views.download, name="document-file"),
    path(
        "documents/<str:document_id>/pages/<int:page>/picture/",
        document_views.show_picture,
        name="page-picture",
    ),
    path(
        "documents/<str:document_id>/retry/", document_views.retry_document, name="document-retry"
    ),
    path(
        "documents/<str:document_id>/cancel/",
        document_views.cancel_document,
        name="document-cancel",
    ),
    path(
        "documents/<str:document_id>/delete/",
        document_views.delete_document,
        name="document-delete",
    ),
]
