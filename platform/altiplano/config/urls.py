"""Every route of the portal, area by area."""

from django.urls import URLPattern, URLResolver, path

from altiplano.config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
]
