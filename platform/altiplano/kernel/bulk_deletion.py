"""Rows that an organization may have in tens of thousands go by statement, and not one by one.

Django loads each row before it deletes it, to look for what hangs on it: 20,000 documents and as
many answers took four seconds. Which tables grow so large, their areas say when they start; what
hangs on them is read from the models, so that a new one is not forgotten.
"""

import uuid
from typing import Any

from django.db import models

_tables: list[type[models.Model]] = []


def register_large_tables(*tables: type[models.Model]) -> None:
    """Their rows, which have an ``organization``, go first; a table after those that hang on it."""
    _tables.extend(table for table in tables if table not in _tables)


def delete_large_tables(organization_id: uuid.UUID) -> None:
    """Nothing of the organization is in the large tables any more. Call it in a transaction."""
    for table in _tables:
        for relation in _relations_to(table):
            _release(relation, organization_id)
        rows = table._base_manager.filter(organization_id=organization_id)  # noqa: SLF001
        rows._raw_delete(rows.db)  # noqa: SLF001 - Django's own DELETE without a look at each row


def _relations_to(table: type[models.Model]) -> list[Any]:
    fields = table._meta.get_fields(include_hidden=True)  # noqa: SLF001 - Django's documented API
    return [each for each in fields if each.auto_created and not each.concrete]


def _release(relation: Any, organization_id: uuid.UUID) -> None:
    """What refers to the organization's rows does so no more, in the way its model asks for."""
    name = relation.field.name
    manager = relation.related_model._base_manager  # noqa: SLF001
    rows = manager.filter(**{f"{name}__organization_id": organization_id})
    if relation.on_delete is models.SET_NULL:
        rows.update(**{name: None})
    else:
        rows.delete()
