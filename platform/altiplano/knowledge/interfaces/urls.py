"""Pages of this area."""

from django.urls import path

from altiplano.knowledge.interfaces import views

app_name = "knowledge"
urlpatterns = [
    path("collections/new/", views.add_collection, name="collection-create"),
    path("collections/<str:collection_id>/", views.show_collection, name="collection-detail"),
    path("collections/<str:collection_id>/documents/", views.list_documents, name="document-list"),
    path(
        "collections/<str:collection_id>/delete/",
        views.delete_collection,
        name="collection-delete",
    ),
    path("documents/<str:document_id>/", views.show_document, name="document-detail"),
    path("documents/<str:document_id>/retry/", views.retry_document, name="document-retry"),
    path("documents/<str:document_id>/cancel/", views.cancel_document, name="document-cancel"),
    path("documents/<str:document_id>/delete/", views.delete_document, name="document-delete"),
]
