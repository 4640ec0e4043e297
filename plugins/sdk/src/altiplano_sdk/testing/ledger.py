"""What a plugin under test asked for, and what it was refused."""

from dataclasses import dataclass, field
from typing import Final

from altiplano_sdk.errors import BudgetExceededError

CALLS_AT_MOST: Final = {"llm": 20, "embed": 200, "index": 100, "http": 50, "store": 2_000}
"""How often one call of a plugin may use each capability."""


@dataclass(slots=True)
class Ledger:
    """Kept by the stub capabilities of one context. ``refusals`` are sentences."""

    used: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def count(self, capability: str) -> None:
        """Raises BudgetExceededError when the call used up what it may use."""
        self.used[capability] = self.used.get(capability, 0) + 1
        if self.used[capability] > CALLS_AT_MOST[capability]:
            raise BudgetExceededError(
                self.refuse(
                    f"ctx.{capability} was used more than {CALLS_AT_MOST[capability]} times."
                )
            )

    def refuse(self, sentence: str) -> str:
        """``sentence``, which is on record."""
        self.refusals.append(sentence)
        return sentence
