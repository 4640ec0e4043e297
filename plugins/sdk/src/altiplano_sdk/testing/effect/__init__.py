"""What a plugin changes on the reference set, measured for each kind in its own terms."""

from altiplano_sdk.testing.effect.measures import measure_effect

__all__ = ["measure_effect"]
