"""Every route of the portal, area by area."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from altiplano.accounts.interfaces.language import set_language
from altiplano.config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("v1/", include("altiplano.runs.interfaces.openai_urls")),
    path("mcp/", include("altiplano.runs.interfaces.mcp.urls")),
    path("", include("altiplano.ops.urls")),
    path("admin/", admin.site.urls),
    path("", include("altiplano.web.urls")),
    path("", include("altiplano.accounts.interfaces.urls")),
    path("", include("altiplano.knowledge.interfaces.urls")),
    path("", include("altiplano.catalog.interfaces.urls")),
    path("", include("altiplano.studio.interfaces.urls")),
    path("", include("altiplano.runs.interfaces.urls")),
    path("", include("altiplano.runs.interfaces.public_urls")),
    path("", include("altiplano.challenges.interfaces.urls")),
    path("accounts/", include("altiplano.accounts.interfaces.sign_in_urls")),
    path("language/setlang/", set_language, name="set_language"),
]
