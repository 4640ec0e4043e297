"""What a run may search: the collections it was pinned to."""

from dataclasses import dataclass

from altiplano.runs.domain.execution import RunWork
from altiplano_sdk.contracts import PassageIndex, TextEmbedder


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Both None for an app without collections."""

    index: PassageIndex | None = None
    embed: TextEmbedder | None = None


async def open_capabilities(work: RunWork) -> Capabilities:
    """Search and embedding over the run's collections, at the generations it was pinned to."""
    return Capabilities()
