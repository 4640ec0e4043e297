"""Whether a value is, in all its depth, what the contract's annotations say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

_EXACT: Final = (str, int, bool, bytes)


def assert_shape(value: Any, expected: Any, where: str = "the result") -> None:
    """Passes when ``value`` has the type ``expected``; else the AssertionError names the place.

    Stricter than a type checker: numbers are finite, text has no halves of characters, a bool is
    no number and a list is no tuple.
    """
    problem = _problem(value, expected, where)
    assert problem is None, problem


def _problem(value: Any, expected: Any, where: str) -> str | None:
    origin, arguments = get_origin(expected), get_args(expected)
    problem: str | None = None
    if origin in {Union, UnionType}:
        fits = None in [_problem(value, one, where) for one in arguments]
        problem = None if fits else _misfit(value, expected, where)
    elif origin is Literal:
        problem = None if value in arguments else _misfit(value, expected, where)
    elif origin is tuple:
        problem = _problem_of_tuple(value, arguments, where)
    elif origin is not None and issubclass(origin, Mapping):
        problem = _problem_of_mapping(value, arguments, where)
    elif is_dataclass(expected) and isinstance(expected, type):
        problem = _problem_of_fields(value, expected, where)
    elif expected is not Any:
        problem = _problem_of_scalar(value, expected, where)
    return problem


def _problem_of_tuple(value: Any, arguments: Sequence[Any], where: str) -> str | None:
    if not isinstance(value, tuple):
        return _misfit(value, tuple, where)
    kinds = [arguments[0]] * len(value) if arguments[-1] is ... else list(arguments)
    if len(kinds) != len(value):
        return f"{where} has {len(value)} items, not {len(kinds)}"
    items = enumerate(zip(value, kinds, strict=True))
    return _first(_problem(item, kind, f"{where}[{n}]") for n, (item, kind) in items)


def _problem_of_mapping(value: Any, arguments: Sequence[Any], where: str) -> str | None:
    if not isinstance(value, Mapping):
        return _misfit(value, Mapping, where)
    key, item = arguments
    return _first(
        _problem(name, key, f"a key of {where}") or _problem(held, item, f"{where}[{name!r}]")
        for name, held in value.items()
    )


def _problem_of_fields(value: Any, expected: type, where: str) -> str | None:
    if not isinstance(value, expected):
        return _misfit(value, expected, where)
    hints = _hints_of(expected)
    return _first(
        _problem(getattr(value, one.name), hints[one.name], f"{where}.{one.name}")
        for one in fields(expected)
    )


def _problem_of_scalar(value: Any, expected: Any, where: str) -> str | None:
    if expected is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _misfit(value, float, where)
        return None if math.isfinite(value) else f"{where} is {value}, not a finite number"
    if expected in _EXACT and isinstance(value, bool) and expected is not bool:
        return _misfit(value, expected, where)
    if not isinstance(value, expected):
        return _misfit(value, expected, where)
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return f"{where} holds half of a character, which cannot be stored or sent"
    return None


def _first(problems: Any) -> str | None:
    return next((problem for problem in problems if problem is not None), None)


def _misfit(value: Any, expected: Any, where: str) -> str:
    name = expected.__name__ if isinstance(expected, type) else str(expected)
    return f"{where} is {type(value).__name__}, not {name}"


@cache
def _hints_of(cls: type) -> dict[str, Any]:
    # Names that the contracts import for type checkers only are found in the SDK's surface.
    import altiplano_sdk

    return get_type_hints(cls, localns=vars(altiplano_sdk))
