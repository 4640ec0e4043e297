"""An evaluator that scores how easy an answer is to read, whatever it says.

Flesch (1948) for English, Kandel and Moles (1958) for French: both give about 100 for what a child
of ten reads and 0 for what a specialist reads. Scores are a hundredth of that, kept in 0..1.
"""

import re

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import Context, Evaluation, ExampleAnswer

FORMULAS = {"en": (206.835, 1.015, 84.6), "fr": (207.0, 1.015, 73.6)}
VOWELS = {"en": r"[aeiouy]+", "fr": r"[aeiouyàâäéèêëîïôöùûüœ]+"}
FRENCH = re.compile(r"\b(?:le|la|les|des|est|une|dans|pour|qui|que|pas)\b|[éèêàùç]", re.IGNORECASE)
ENGLISH = re.compile(r"\b(?:the|of|and|is|in|for|to|that|not|are|on)\b", re.IGNORECASE)


class ReadingLevelConfig(BaseModel):
    """What counts as short."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    short_sentence: int = Field(
        default=15,
        ge=3,
        le=60,
        title="Words in a short sentence",
        description="A sentence with at most this many words counts as short.",
    )


class ReadingLevel:
    Config = ReadingLevelConfig

    def __init__(self, config: ReadingLevelConfig) -> None:
        self._short = config.short_sentence

    async def evaluate(self, example: ExampleAnswer, ctx: Context) -> Evaluation:
        """``easy_to_read`` and ``short_sentences``; an empty answer asks nothing of its reader."""
        sentences = [words for part in split_sentences(example.answer) if (words := words_of(part))]
        if not sentences:
            return Evaluation({"easy_to_read": 1.0, "short_sentences": 1.0}, "There is no text.")
        words = [word for sentence in sentences for word in sentence]
        language = language_of(example.answer)
        base, per_word, per_syllable = FORMULAS[language]
        length = len(words) / len(sentences)
        syllables = sum(count_syllables(word, language) for word in words) / len(words)
        ease = (base - per_word * length - per_syllable * syllables) / 100
        short = sum(len(sentence) <= self._short for sentence in sentences) / len(sentences)
        return Evaluation(
            {
                "easy_to_read": round(min(1.0, max(0.0, ease)), 4),
                "short_sentences": round(short, 4),
            },
            f"{length:.0f} words a sentence, {syllables:.1f} syllables a word ({language}).",
        )


def split_sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?…])\s+|\n+", text)


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def language_of(text: str) -> str:
    """``fr`` when more speaks for French than for English."""
    return "fr" if len(FRENCH.findall(text)) > len(ENGLISH.findall(text)) else "en"


def count_syllables(word: str, language: str) -> int:
    """Groups of vowels, without the silent e at the end; at least one."""
    silent = r"(?<=[^aeiouy])es?$"
    return max(1, len(re.findall(VOWELS[language], re.sub(silent, "", word))))
