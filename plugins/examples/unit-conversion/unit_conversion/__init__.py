"""A tool that converts units exactly: decimal fractions, the legal definitions, no rounding twice."""

from collections.abc import Mapping
from decimal import Context as Arithmetic
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import Context, ToolResult

# By dimension: how many of the first unit one of each is. All definitions are exact.
FACTORS: Mapping[str, Mapping[str, str]] = {
    "length": {"m": "1", "km": "1000", "cm": "0.01", "mm": "0.001", "in": "0.0254", "ft": "0.3048",
               "yd": "0.9144", "mi": "1609.344", "nmi": "1852"},
    "mass": {"kg": "1", "g": "0.001", "mg": "0.000001", "t": "1000", "oz": "0.028349523125",
             "lb": "0.45359237"},
    "volume": {"l": "1", "ml": "0.001", "m3": "1000", "gal_us": "3.785411784",
               "gal_uk": "4.54609", "fl_oz_us": "0.0295735295625"},
    "area": {"m2": "1", "km2": "1000000", "ha": "10000", "acre": "4046.8564224", "ft2": "0.09290304"},
    "speed": {"km/h": "1", "m/s": "3.6", "mph": "1.609344", "kn": "1.852"},
}  # fmt: skip
TEMPERATURES = ("°C", "°F", "K")
UNITS = (*(unit for units in FACTORS.values() for unit in units), *TEMPERATURES)
LARGEST = 1e15


class UnitConversionConfig(BaseModel):
    """How exactly results are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digits: int = Field(
        default=6,
        ge=1,
        le=15,
        title="Digits",
        description="How many digits a result has, zeros in front not counted.",
    )


class UnitConversion:
    Config = UnitConversionConfig
    name = "convert_units"
    description = "Converts a number from one unit of measurement to another, exactly."
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "value": {
                "type": "number",
                "minimum": -LARGEST,
                "maximum": LARGEST,
                "description": "The number to convert.",
            },
            "from": {"type": "string", "enum": list(UNITS), "description": "Its unit."},
            "to": {"type": "string", "enum": list(UNITS), "description": "The unit wanted."},
        },
        "required": ["value", "from", "to"],
        "additionalProperties": False,
    }

    def __init__(self, config: UnitConversionConfig) -> None:
        self._rounding = Arithmetic(prec=config.digits)

    async def call(self, arguments: Mapping[str, Any], ctx: Context) -> ToolResult:
        """``3 mi = 4.82803 km``, or an error that says what was wrong with the arguments."""
        if set(arguments) != {"value", "from", "to"}:
            return ToolResult("Exactly value, from and to are needed.", is_error=True)
        value, old, new = arguments["value"], arguments["from"], arguments["to"]
        if not isinstance(value, int | float) or isinstance(value, bool):
            return ToolResult("The value must be a number.", is_error=True)
        if not -LARGEST <= value <= LARGEST:
            return ToolResult(f"The value must lie within {LARGEST:g}.", is_error=True)
        if old not in UNITS or new not in UNITS:
            return ToolResult(f"The units are {', '.join(UNITS)}.", is_error=True)
        result = convert(Decimal(str(value)), old, new)
        if result is None:
            return ToolResult(f"{old} cannot be converted to {new}.", is_error=True)
        return ToolResult(f"{value} {old} = {self._write(result)} {new}")

    def _write(self, number: Decimal) -> str:
        """Without an exponent and without zeros at the end."""
        written = f"{self._rounding.plus(number):f}"
        return written.rstrip("0").rstrip(".") if "." in written else written


def convert(value: Decimal, old: str, new: str) -> Decimal | None:
    """None for units of different dimensions."""
    if old in TEMPERATURES and new in TEMPERATURES:
        return _from_kelvin(_to_kelvin(value, old), new)
    for units in FACTORS.values():
        if old in units and new in units:
            return value * Decimal(units[old]) / Decimal(units[new])
    return None


def _to_kelvin(value: Decimal, unit: str) -> Decimal:
    if unit == "°F":
        value, unit = (value - 32) * 5 / 9, "°C"
    return value + Decimal("273.15") if unit == "°C" else value


def _from_kelvin(value: Decimal, unit: str) -> Decimal:
    if unit == "K":
        return value
    celsius = value - Decimal("273.15")
    return celsius if unit == "°C" else celsius * 9 / 5 + 32
