"""Pages about plugins. What is ``mine`` comes first: no package may have that id."""

from django.urls import path

from altiplano.catalog.interfaces import author_views, catalogue_views, installation_views

app_name = "catalog"
urlpatterns = [
    path("plugins/", catalogue_views.list_plugins, name="plugins"),
    path("plugins/mine/", author_views.own_packages, name="mine"),
    path("plugins/mine/installed/", catalogue_views.list_installed, name="installed"),
    path("plugins/mine/keys/", author_views.list_keys, name="keys"),
    path("plugins/mine/keys/<str:author_key_id>/end/", author_views.end_key, name="key-end"),
    path(
        "plugins/mine/releases/<str:release_id>/withdraw/",
        author_views.withdraw,
        name="release-withdraw",
    ),
    path("plugins/mine/packages/<slug:slug>/", author_views.own_package, name="own-package"),
    path(
        "plugins/mine/packages/<slug:slug>/draft/discard/",
        author_views.discard_draft,
        name="draft-discard",
    ),
    path("plugins/<slug:slug>/", catalogue_views.show_plugin, name="plugin"),
    path("plugins/<slug:slug>/install/", installation_views.install, name="install"),
    path("plugins/<slug:slug>/grants/", installation_views.change_grants, name="grants"),
    path("plugins/<slug:slug>/switch/", installation_views.switch, name="switch"),
    path("plugins/<slug:slug>/try-again/", installation_views.try_again, name="try-again"),
    path("plugins/<slug:slug>/uninstall/", installation_views.uninstall, name="uninstall"),
]
