"""Pages of this area."""

from django.urls import path

from altiplano.studio.interfaces import sharing_urls, views

app_name = "studio"
urlpatterns = [
    path("home/", views.home, name="home"),
    path("apps/new/", views.add_app, name="app-create"),
    path("apps/<str:app_id>/about/", views.show_app, name="app-detail"),
    path("apps/<str:app_id>/publish/", views.publish_app, name="app-publish"),
    path("apps/<str:app_id>/delete/", views.delete_app, name="app-delete"),
    *sharing_urls.urlpatterns,
]
