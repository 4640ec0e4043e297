"""Factories for rows below an organization: they create through the manager that sees all."""

from typing import Any

from factory.django import DjangoModelFactory


class ScopedFactory(DjangoModelFactory):
    class Meta:
        abstract = True

    @classmethod
    def _get_manager(cls, model_class: type[Any]) -> Any:
        return model_class.unscoped
