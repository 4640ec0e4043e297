"""What the dashboard calls rights: Django stores their names in English, in the database."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import Permission
from django.forms import ModelMultipleChoiceField
from django.utils.translation import gettext, gettext_lazy

DEEDS: Final[Mapping[str, Any]] = {
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
    "view": gettext_lazy("view"),
}
"""What Django makes a right for with every table."""


def name_of_right(permission: Permission) -> str:
    """“Background work · jobs · change”, in the active language; a right of our own says itself."""
    content_type = permission.content_type
    model = content_type.model_class()
    deed, _, table = permission.codename.partition("_")
    if model is None:
        return permission.name  # its table is gone, and nobody calls it anything any more
    about = model._meta  # noqa: SLF001 - Django's documented API
    area = about.app_config.verbose_name
    if deed not in DEEDS or table != content_type.model:
        return f"{area} · {gettext(permission.name)}"
    return f"{area} · {about.verbose_name_plural} · {DEEDS[deed]}"


class RightsField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at runtime
    """Rights to choose from, in words."""

    def label_from_instance(self, obj: Permission) -> str:
        return name_of_right(obj)
