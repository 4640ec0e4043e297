import asyncio
from decimal import Decimal
from typing import Any

import pytest
from unit_conversion import FACTORS, TEMPERATURES, UnitConversion, UnitConversionConfig, convert

from altiplano_sdk import Context, ToolResult
from altiplano_sdk.testing.capabilities import StubLog


def call(**arguments: Any) -> ToolResult:
    tool = UnitConversion(UnitConversionConfig())
    return asyncio.run(tool.call(arguments, Context(log=StubLog())))


@pytest.mark.parametrize(
    ("value", "old", "new", "said"),
    [
        (12, "in", "cm", "12 in = 30.48 cm"),
        (0, "°C", "K", "0 °C = 273.15 K"),
        (98.6, "°F", "°C", "98.6 °F = 37 °C"),
        (1, "acre", "m2", "1 acre = 4046.86 m2"),
        (100, "km/h", "mph", "100 km/h = 62.1371 mph"),
        (0.1, "mm", "km", "0.1 mm = 0.0000001 km"),
    ],
)
def test_numbers_are_converted_exactly(value: float, old: str, new: str, said: str):
    assert call(value=value, **{"from": old, "to": new}) == ToolResult(said)


@pytest.mark.parametrize("units", [*FACTORS.values(), TEMPERATURES])
def test_there_and_back_is_where_it_began(units: Any):
    for old in units:
        for new in units:
            there = convert(Decimal("12.5"), old, new)
            assert there is not None
            back = convert(there, new, old)
            assert back is not None
            assert abs(back - Decimal("12.5")) < Decimal("1e-18")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"value": 1, "from": "kg", "to": "km"}, "kg cannot be converted to km."),
        ({"value": "1", "from": "kg", "to": "g"}, "The value must be a number."),
        ({"value": 1e300, "from": "kg", "to": "g"}, "The value must lie within 1e+15."),
        ({"value": 1, "from": "stone", "to": "g"}, "The units are m, km"),
        ({"value": 1, "from": "kg"}, "Exactly value, from and to are needed."),
    ],
)
def test_wrong_calls_are_told_what_is_wrong(arguments: dict[str, Any], said: str):
    result = call(**arguments)
    assert result.is_error
    assert result.content.startswith(said)
