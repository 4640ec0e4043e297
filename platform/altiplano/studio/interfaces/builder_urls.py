"""Pages on which apps are made, built, versioned and published."""

from django.urls import path

from altiplano.studio.interfaces import app_views, builder_views, version_views

urlpatterns = [
    path("apps/", app_views.list_apps, name="app-list"),
    path("apps/new/", app_views.add_app, name="app-create"),
    path("apps/<str:app_id>/about/", app_views.show_app, name="app-detail"),
    path("apps/<str:app_id>/rename/", app_views.rename_app, name="app-rename"),
    path("apps/<str:app_id>/duplicate/", app_views.duplicate_app, name="app-duplicate"),
    path("apps/<str:app_id>/delete/", app_views.delete_app, name="app-delete"),
    path("apps/<str:app_id>/build/", builder_views.show_builder, name="build"),
    path("apps/<str:app_id>/build/stage/", builder_views.change_stage, name="build-stage"),
    path("apps/<str:app_id>/build/stages/", builder_views.arrange_stages, name="build-stages"),
    path("apps/<str:app_id>/build/sources/", builder_views.change_sources, name="build-sources"),
    path("apps/<str:app_id>/build/undo/", builder_views.undo_last_change, name="build-undo"),
    path("apps/<str:app_id>/versions/", version_views.list_versions, name="versions"),
    path("apps/<str:app_id>/versions/compare/", version_views.compare_versions, name="compare"),
    path("apps/<str:app_id>/versions/freeze/", version_views.freeze_draft, name="freeze"),
    path(
        "apps/<str:app_id>/versions/<str:number>/restore/",
        version_views.restore_version,
        name="version-restore",
    ),
    path("apps/<str:app_id>/publish/", version_views.publish_app, name="app-publish"),
    path("apps/<str:app_id>/withdraw/", version_views.withdraw_app, name="app-withdraw"),
]
