"""What a challenge is made of."""

from altiplano.challenges.models.editions import (
    FULL_MARK,
    Challenge,
    Criterion,
    Edition,
    HeldOutQuestion,
    Prize,
    Track,
    TrackKind,
)
from altiplano.challenges.models.phases import Extension, Phase, PhaseKind

__all__ = [
    "FULL_MARK",
    "Challenge",
    "Criterion",
    "Edition",
    "Extension",
    "HeldOutQuestion",
    "Phase",
    "PhaseKind",
    "Prize",
    "Track",
    "TrackKind",
]
