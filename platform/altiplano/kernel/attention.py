"""What waits for a member of an organization: each area says its own part, one page shows all.

An area registers a source when its app is ready::

    register_attention(sources.documents_that_need_someone)
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from altiplano.kernel.sentences import Text


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to do: a sentence, and the address at which it is done under the name ``action``.

    ``urgency`` orders the list: 0 stops people's work, 1 is better done soon, 2 is a suggestion.
    """

    sentence: Text
    address: str
    action: Text
    urgency: int = 1


AttentionSource = Callable[[uuid.UUID, frozenset[str]], Iterable[Attention]]
"""Given an organization and the reader's scopes: what that reader can do something about, in a
number of queries that does not grow with the organization."""

_sources: Final[list[AttentionSource]] = []


def register_attention(source: AttentionSource) -> None:
    """The source is asked from now on; registering it again changes nothing."""
    if source not in _sources:
        _sources.append(source)


def attention_for(organization_id: uuid.UUID, scopes: frozenset[str]) -> list[Attention]:
    """Everything that waits, the most urgent first; equals stay in the order of their sources."""
    found = [each for source in _sources for each in source(organization_id, scopes)]
    return sorted(found, key=lambda each: each.urgency)
