"""Plugins that are left alone for a while, because their process stopped too often."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.catalog.package_models import Package
from altiplano.kernel.tenancy import OrganizationModel


class Quarantine(OrganizationModel):
    """No worker starts these contents of a package in the organization before ``until``.

    ``because`` says what befell its process, as the second half of a sentence.
    """

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="quarantines")
    digest = models.CharField(_("checksum"), max_length=64)
    version = models.CharField(_("version"), max_length=40)
    crashes = models.PositiveSmallIntegerField(_("times it stopped"))
    because = models.CharField(_("reason"), max_length=200)
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"))

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("quarantine")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "digest"], name="contents_rest_once_in_organization"
            )
        ]

    def __str__(self) -> str:
        return f"{self.package} {self.version}"
