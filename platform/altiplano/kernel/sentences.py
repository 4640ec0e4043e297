"""Sentences with something that varies in them, put into words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    Text: TypeAlias = str | StrPromise


class Figure(int):
    """A number that a sentence groups as the reader does: 20,000 or 20 000."""

    def __str__(self) -> str:
        return number_format(int(self), force_grouping=True)

    __format__ = object.__format__


UNITS = ((_("GB"), 1024**3), (_("MB"), 1024**2), (_("kB"), 1024), (_("bytes"), 1))


class Size(int):
    """A number of bytes that a sentence says in larger units: 200 MB or 200 Mo."""

    def __str__(self) -> str:
        unit, bytes_each = next((row for row in UNITS if self >= row[1]), UNITS[-1])
        return f"{written_number(self / bytes_each)} {unit}"

    __format__ = object.__format__


def said_size(count: int) -> str:
    """A number of bytes as a page shows it beside other figures, without a break before the unit."""
    return str(Size(count)).replace(" ", "\u00a0")


def written_number(value: float) -> str:
    """With one decimal where it is not whole, as the reader's language writes it."""
    rounded = round(value, 1)
    return number_format(rounded, 0 if rounded.is_integer() else 1, force_grouping=True)


def fill(sentence: Text, params: Mapping[str, object]) -> str:
    """``sentence`` in the active language, with ``params`` at its ``%(name)s`` marks.

    Whole numbers are written as the reader's language writes them, and choose between singular and
    plural where ``sentence`` is an ``ngettext_lazy``. Without ``params`` a ``%`` is only a ``%``.
    """
    if not params:
        return str(sentence)
    return str(sentence % {name: _written(value) for name, value in params.items()})


def _written(value: object) -> object:
    return Figure(value) if type(value) is int else value
