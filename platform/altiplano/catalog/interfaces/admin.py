"""Built-in plugins and their releases in the admin dashboard."""

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_decisions import Decision, decision_source
from altiplano.catalog.interfaces import (  # noqa: F401 - Django finds its pages here
    package_admin,
    quarantine_admin,
)
from altiplano.catalog.models import Plugin, PluginRelease, ReleaseState


@decision_source
def quarantined_plugins() -> Decision:
    """Plugins that could not be loaded and are kept out until somebody looks."""
    address = reverse("admin:catalog_pluginrelease_changelist")
    return Decision(
        _("Plugins in quarantine"),
        PluginRelease.objects.filter(state=ReleaseState.QUARANTINED).count(),
        f"{address}?state__exact={ReleaseState.QUARANTINED}",
    )


@admin.register(Plugin)
class PluginAdmin(AreaAdmin):
    list_display = ("slug", "kind")
    list_filter = ("kind",)
    search_fields = ("slug", "kind")
    ordering = ("kind", "slug")


@admin.register(PluginRelease)
class PluginReleaseAdmin(AreaAdmin):
    list_display = ("plugin", "version", "state", "reason", "seen_at")
    list_select_related = ("plugin",)
    list_filter = ("state", "plugin__kind")
    search_fields = ("plugin__slug", "version", "reason")
    ordering = ("-seen_at",)
