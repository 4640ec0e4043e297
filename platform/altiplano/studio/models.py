"""Apps, their drafts and their frozen versions."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import OrganizationModel


class App(OrganizationModel):
    """A question-answering product that an organization offers.

    ``draft_pipeline`` is ``{"stages": [{"kind", "plugin", "config"}], ...}`` and may change at any
    time; ``draft_revision`` grows with each change of the draft, so that of two people who edit it
    the second is told. ``published_version`` is what the public asks.
    """

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(max_length=60)
    collections = models.ManyToManyField("knowledge.Collection", related_name="apps")
    endpoint = models.ForeignKey(
        "serving.ModelEndpoint", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    draft_pipeline = models.JSONField()
    draft_revision = models.PositiveIntegerField(default=1)
    published_version = models.ForeignKey(
        "AppVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("app")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "slug"], name="app_slug_is_unique_in_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class FrozenVersionError(RuntimeError):
    """A frozen version was about to be changed."""


class AppVersion(OrganizationModel):
    """Immutable, publishable configuration of an app."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    pipeline = models.JSONField()
    collection_ids = models.JSONField()
    endpoint = models.ForeignKey(
        "serving.ModelEndpoint", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("app version")
        constraints = [
            models.UniqueConstraint(
                fields=["app", "number"], name="version_number_is_unique_in_app"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.app_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise FrozenVersionError
        super().save(*args, **kwargs)
