"""Values to JSON and back, strictly: right types, known fields, finite numbers, bounded depth.

Built on first use and kept, since a process needs the types of one or two kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.contracts.retrieval import Passage, Query
from altiplano_sdk.wire.methods import ATTRIBUTES, BROKER, METHODS, UNSAID, MethodSpec

_CONFIG: Final = ConfigDict(
    strict=True,
    extra="forbid",
    allow_inf_nan=False,
    ser_json_bytes="base64",
    val_json_bytes="base64",
    # Written as they are, so that the reader refuses them: not silently as null.
    ser_json_inf_nan="constants",
    defer_build=True,
)
# The contract's modules name these two only for type checkers.
_NAMES: Final = MappingProxyType({"Passage": Passage, "Query": Query})
_TOLD: Final = 3


class WireError(ValueError):
    """A value is not of the type that the contract names. The message says where, not what."""


class Codec:
    """One type's way over the wire."""

    def __init__(self, type_: Any) -> None:
        # In a tuple, because pydantic takes no configuration for a bare dataclass.
        self._adapter: TypeAdapter[tuple[Any]] = TypeAdapter(tuple[type_], config=_CONFIG)
        self._adapter.rebuild(force=True, _types_namespace=dict(_NAMES))

    def encode(self, value: Any) -> bytes:
        """Raises WireError for what is no value of this type."""
        try:
            # Python values first: dumping alone would let wrong types pass with a warning.
            checked = self._adapter.validate_python((value,))
            return self._adapter.dump_json(checked, warnings="error")
        except ValidationError as error:
            raise WireError(_places(error)) from None
        except (ValueError, TypeError, RecursionError) as error:
            raise WireError(f"a value cannot be written: {type(error).__name__}") from None

    def decode(self, data: bytes) -> Any:
        """Raises WireError for bytes that :meth:`encode` would not have written."""
        try:
            return self._adapter.validate_json(data)[0]
        except ValidationError as error:
            raise WireError(_places(error)) from None


class MethodCodec:
    """The arguments and the result of one method."""

    def __init__(self, spec: MethodSpec) -> None:
        self.streams = spec.streams
        self.attaches = spec.attaches
        self.arguments = Codec(tuple.__class_getitem__(spec.arguments))
        self.result = Codec(spec.result)


@cache
def method_codec(kind: StageKind, method: str) -> MethodCodec:
    """Raises KeyError for a method that the kind does not have."""
    return MethodCodec(METHODS[kind][method])


@cache
def broker_codec(name: str) -> MethodCodec:
    """Raises KeyError for what nobody offers."""
    return MethodCodec(BROKER[name])


class AttributesCodec:
    """What a configured plugin of one kind says of itself."""

    def __init__(self, kind: StageKind) -> None:
        self._types = ATTRIBUTES.get(kind, {})
        self._codec = Codec(tuple.__class_getitem__(tuple(self._types.values())))

    def read(self, plugin: Any) -> bytes:
        """Raises AttributeError or WireError for a plugin that does not say it."""
        said = tuple(
            getattr(plugin, name, UNSAID[name]) if name in UNSAID else getattr(plugin, name)
            for name in self._types
        )
        return self._codec.encode(said)

    def decode(self, data: bytes) -> Mapping[str, Any]:
        return dict(zip(self._types, self._codec.decode(data), strict=True))


@cache
def attributes_codec(kind: StageKind) -> AttributesCodec:
    return AttributesCodec(kind)


def _places(error: ValidationError) -> str:
    """Where it went wrong and how; never the value, which may be a secret or a document."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    places = [
        f"{'.'.join(str(part) for part in one['loc'][:8]) or 'value'}: {one['msg'][:120]}"
        for one in found[:_TOLD]
    ]
    return "; ".join(places)
