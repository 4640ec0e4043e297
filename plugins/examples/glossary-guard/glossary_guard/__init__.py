"""A guard that leaves an answer as it is and explains its hard words below it."""

import json
import re
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import Context, GuardPoint, GuardRequest, GuardVerdict, is_abstention

HEADINGS = {"en": "Words explained", "fr": "Mots expliqués"}


class GlossaryConfig(BaseModel):
    """How many words are explained, and which besides the plugin's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_words: int = Field(
        default=5,
        ge=1,
        le=20,
        title="Words at most",
        description="Only the first hard words of an answer are explained.",
    )
    own_words: dict[str, str] = Field(
        default_factory=dict,
        title="Your own words",
        description="Words of your subject and what they mean; they go before the plugin's own.",
    )


class GlossaryGuard:
    Config = GlossaryConfig
    points = (GuardPoint.ANSWER,)

    def __init__(self, config: GlossaryConfig) -> None:
        self._most = config.most_words
        self._own = {word.lower(): meaning for word, meaning in config.own_words.items()}

    async def check(self, request: GuardRequest, ctx: Context) -> GuardVerdict:
        """``replace`` with the answer and its glossary; ``pass`` when no word is hard."""
        language = "fr" if (request.query.language or "en").startswith("fr") else "en"
        known = {**glossaries()[language], **self._own}
        hard = [word for word in words_of(request.answer) if word in known][: self._most]
        if not hard or is_abstention(request.answer):
            return GuardVerdict(scores={"hard_words": 0.0})
        lines = [f"- {word}: {known[word]}" for word in hard]
        text = "\n".join((request.answer, "", f"{HEADINGS[language]}:", *lines))
        reason = f"{len(hard)} hard words are explained."
        return GuardVerdict("replace", text, reason, scores={"hard_words": float(len(hard))})


def words_of(text: str) -> list[str]:
    """Each word of the text once, in lower case, in order."""
    return list(dict.fromkeys(re.findall(r"[^\W\d_]+", text.lower())))


@cache
def glossaries() -> dict[str, dict[str, str]]:
    """Hard words and their meaning by language, as the package ships them."""
    source = files(__package__).joinpath("glossary.json")
    loaded: dict[str, dict[str, str]] = json.loads(source.read_text(encoding="utf-8"))
    return loaded
