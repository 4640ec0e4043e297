"""Everything below an organization is reached through its organization.

``Model.objects`` has one door, :meth:`ScopedManager.within`. Asking it for rows without naming an
organization raises, so that a forgotten filter is an exception and not a leak. Work that spans
organizations by design (sweeper, health, backups) says so by using ``Model.unscoped``.
"""

from __future__ import annotations

import uuid
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError
from altiplano.kernel.ids import new_id

M = TypeVar("M", bound=models.Model)


class UnscopedQueryError(RuntimeError):
    """Rows of all organizations were asked for where one must be named."""


class ScopedManager(models.Manager[M]):
    """The only way into tenant rows for code that serves a person."""

    def get_queryset(self) -> NoReturn:
        raise UnscopedQueryError(
            f"{self.model.__name__}.objects needs .within(organization_id); "
            f"use {self.model.__name__}.unscoped where all organizations are meant."
        )

    def within(self, organization_id: uuid.UUID) -> models.QuerySet[M]:
        """The organization's rows, in no particular order."""
        queryset: models.QuerySet[M] = models.QuerySet(self.model, using=self._db)
        return queryset.filter(organization_id=organization_id)

    def get_within(self, organization_id: uuid.UUID, pk: object, **extra: Any) -> M:
        """The organization's row with this id.

        Raises NotFoundError alike for a foreign id, an unknown id and something that is no id.
        """
        try:
            return self.within(organization_id).get(pk=pk, **extra)
        except (ObjectDoesNotExist, ValidationError, ValueError, TypeError, OverflowError):
            pass  # Django answers a malformed UUID with its ValidationError
        name = self.model._meta.verbose_name  # noqa: SLF001 - Django's documented API
        raise NotFoundError(
            _("There is no such %(name)s in your organization."), params={"name": name}
        )


class IdentifiedModel(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True


class OrganizationModel(IdentifiedModel):
    """Base of every row that belongs to one organization."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", editable=False
    )

    unscoped = models.Manager()
    objects = ScopedManager()

    class Meta:
        abstract = True
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
