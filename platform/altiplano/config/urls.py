"""Every route of the portal, area by area."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from altiplano.config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("v1/", include("altiplano.runs.interfaces.openai_urls")),
    path("", include("altiplano.ops.urls")),
    path("admin/", admin.site.urls),
    path("", include("altiplano.web.urls")),
    path("", include("altiplano.accounts.interfaces.urls")),
    path("", include("altiplano.knowledge.interfaces.urls")),
    path("", include("altiplano.studio.interfaces.urls")),
    path("", include("altiplano.runs.interfaces.urls")),
    path("accounts/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
]
