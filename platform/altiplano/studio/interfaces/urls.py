"""Pages of this area."""

from django.urls import path

from altiplano.studio.interfaces import builder_urls, sharing_urls, upgrade_views, views

app_name = "studio"
urlpatterns = [
    path("home/", views.home, name="home"),
    path("plugins/<slug:slug>/upgrade/", upgrade_views.upgrade, name="plugin-upgrade"),
    *builder_urls.urlpatterns,
    *sharing_urls.urlpatterns,
]
