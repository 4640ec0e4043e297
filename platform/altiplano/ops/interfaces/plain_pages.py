"""A plain, read-only page for every model that no area has described."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import AlreadyRegistered
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models

from altiplano.accounts.interfaces.admin_base import AreaAdmin, is_secret

NOT_SHOWN: tuple[type[models.Model], ...] = (ContentType, LogEntry, Session)
"""Django's own bookkeeping. Its log of changes is not written, ours is; a session is named by the
very key that opens it.
"""
MOST_COLUMNS = 6


def register_the_rest() -> None:
    """Each installed model has a page now."""
    for model in apps.get_models():
        about = model._meta  # noqa: SLF001 - Django's documented API
        if model in NOT_SHOWN or about.auto_created or about.proxy or not about.managed:
            continue
        try:
            admin.site.register(model, plain_page(model))
        except AlreadyRegistered:
            continue


def plain_page(model: type[models.Model]) -> type[AreaAdmin]:
    """The first short columns that are no secrets, searched by those that hold text."""
    short = [field for field in model._meta.concrete_fields if _is_short(field)]  # noqa: SLF001
    links = [field.name for field in short if isinstance(field, models.ForeignKey)]
    members: dict[str, Any] = {
        "list_display": tuple(field.name for field in short[:MOST_COLUMNS]) or ("__str__",),
        "list_select_related": tuple(links),
        "list_filter": tuple(
            field.name for field in short if field.choices or isinstance(field, models.BooleanField)
        ),
        "search_fields": tuple(
            field.name
            for field in short
            if isinstance(field, models.CharField) and not field.choices
        )
        or tuple(f"={field.name}" for field in short[:1] if field.name not in links),
        "ordering": ("-pk",),
    }
    return type(f"{model.__name__}Page", (AreaAdmin,), members)


def _is_short(field: Any) -> bool:
    return not is_secret(field.name) and not isinstance(
        field, (models.TextField, models.JSONField, models.BinaryField)
    )
