"""Pages of this area."""

from django.urls import path

from altiplano.studio.interfaces import builder_urls, sharing_urls, views

app_name = "studio"
urlpatterns = [
    path("home/", views.home, name="home"),
    *builder_urls.urlpatterns,
    *sharing_urls.urlpatterns,
]
