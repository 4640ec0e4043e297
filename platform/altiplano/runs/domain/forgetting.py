"""What an account that goes leaves behind in the counts: numbers, and nobody they belong to.

Usage names people by id and not by foreign key, so nothing takes the id away by itself.
"""

import uuid
from typing import Any

from django.db.models.signals import post_delete

from altiplano.accounts.models import User
from altiplano.runs.usage_models import PersonUsage


def forget_person(user_id: uuid.UUID) -> None:
    """The counts stay, as those of someone unknown: another one in every organization.

    A random id takes the place of the person's, so that the number of people who asked stays right
    and nothing leads back, nor from one organization to another.
    """
    counts = PersonUsage.unscoped.filter(user_id=user_id)
    organizations = counts.order_by().values_list("organization_id", flat=True).distinct()
    for organization_id in list(organizations):
        counts.filter(organization_id=organization_id).update(user_id=uuid.uuid4())


def watch_accounts() -> None:
    """Whoever deletes an account, by whatever door, the counts forget it in the same transaction."""
    post_delete.connect(_forget, sender=User, dispatch_uid="altiplano.runs.forget-person")


def _forget(instance: User, **_kwargs: Any) -> None:
    forget_person(instance.pk)
