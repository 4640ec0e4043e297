"""Request bodies, read strictly: what two readers could understand differently is refused.

Duplicate keys, NaN, integers beyond 64 bits, NUL and half surrogate pairs all pass through some
layer and break in the next (a database, another parser), so none of them enters.
"""

import json
import math
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from ninja.parser import Parser

from altiplano.kernel.errors import DomainError, InvalidInputError

MAX_DEPTH = 64


class UnsupportedMediaError(DomainError):
    status = 415
    code = "unsupported_media_type"


class StrictParser(Parser):
    """Ninja's parser with the strictness of this module."""

    def parse_body(self, request: HttpRequest) -> Any:
        # Ninja builds bare requests for the JSON parts of a form; those carry no type.
        if request.META and request.content_type != "application/json":
            raise UnsupportedMediaError(
                _("Send the body as JSON, with Content-Type: application/json.")
            )
        return parse_json(request.body)

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        values: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        for name, value in values.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    _refuse_unstorable_text(item, name)
        return values


def parse_json(body: bytes) -> Any:
    """The value of the JSON text. Raises InvalidInputError with a sentence, never anything else."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError:
        raise InvalidInputError(_("The body is not UTF-8 text."), code="malformed_json") from None
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            _("The body is not valid JSON: %(why)s at line %(line)s, column %(column)s."),
            params={"why": error.msg, "line": error.lineno, "column": error.colno},
            code="malformed_json",
        ) from None
    except RecursionError:
        raise _too_deep() from None
    _check(value, "body", MAX_DEPTH)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise InvalidInputError(
            _("An object of the body names a field twice."), code="malformed_json"
        )
    return result


def _integer(digits: str) -> int:
    # The length first: turning millions of digits into a number takes quadratic time.
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise InvalidInputError(_("A whole number in the body is too large."))
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise InvalidInputError(_("A number in the body is too large."))
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInputError(
        _("%(name)s is not a JSON number."), params={"name": name}, code="malformed_json"
    )


def _check(value: Any, where: str, depth: int) -> None:
    if depth == 0:
        raise _too_deep()
    if isinstance(value, str):
        _refuse_unstorable_text(value, where)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unstorable_text(key, where)
            _check(item, key, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, where, depth - 1)


def _refuse_unstorable_text(text: str, where: str) -> None:
    if "\x00" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        name = where if where.isprintable() else "body"
        raise InvalidInputError(
            _("A text holds a NUL character or half a character."),
            fields={name[:60]: _("holds a character that cannot be stored")},
        )


def _too_deep() -> InvalidInputError:
    return InvalidInputError(
        _("The body is nested deeper than %(limit)s levels."), params={"limit": MAX_DEPTH}
    )
