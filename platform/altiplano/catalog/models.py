"""The built-in plugins, as the workers of this platform reported them, each for one kind.

Plugins from outside are in :mod:`altiplano.catalog.package_models`.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.catalog.package_models import (  # noqa: F401 - Django finds models here
    AuthorKey,
    Installation,
    Package,
    PackageConcern,
    PackageRelease,
    PackageState,
    StoreEntry,
)
from altiplano.catalog.quarantine_models import Quarantine  # noqa: F401 - and here


class Plugin(models.Model):
    """Named extension that fulfils one stage kind."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=12)
    slug = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("plugin")
        constraints = [
            models.UniqueConstraint(fields=["kind", "slug"], name="plugin_is_unique_in_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.slug}"


class ReleaseState(models.TextChoices):
    ACTIVE = "active", _("active")
    QUARANTINED = "quarantined", _("quarantined")
    GONE = "gone", _("no longer installed")


class PluginRelease(models.Model):
    """One version of a plugin, with its manifest and the JSON Schema of its configuration."""

    id = models.BigAutoField(primary_key=True)
    plugin = models.ForeignKey(Plugin, on_delete=models.CASCADE, related_name="releases")
    version = models.CharField(max_length=40)
    manifest = models.JSONField()
    config_schema = models.JSONField()
    state = models.CharField(max_length=12, choices=ReleaseState, default=ReleaseState.ACTIVE)
    reason = models.CharField(max_length=500, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("plugin release")
        constraints = [
            models.UniqueConstraint(
                fields=["plugin", "version"], name="release_version_is_unique_in_plugin"
            ),
            models.UniqueConstraint(
                fields=["plugin"], condition=Q(state="active"), name="one_active_release_per_plugin"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plugin} {self.version}"
