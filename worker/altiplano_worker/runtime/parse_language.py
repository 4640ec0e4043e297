"""Which language a document is written in."""

import re
from functools import cache
from typing import Any

_SAMPLES = 3
_SAMPLE_CHARACTERS = 800
_MIN_LETTERS = 20
_MIN_CONFIDENCE = 0.5

_NOISE = re.compile(r"\S*[\d/@_\\]\S*")
_LETTER = re.compile(r"[^\W\d_]")

# Codes of varieties, given the code of the language that readers and models know.
_MEANT = {"ary": "ar", "arz": "ar", "yue": "zh", "wuu": "zh", "nn": "no", "nb": "no"}


def detect_language(text: str) -> str | None:
    """The ISO 639-1 code of the language most of ``text`` is in; None when it is too short, in
    no language, or not clearly in one.
    """
    sample = _NOISE.sub(" ", " ".join(_samples(text)))
    if len(_LETTER.findall(sample)) < _MIN_LETTERS:
        return None
    code, confidence = language_model().classify(sample)
    code = _MEANT.get(code, code)
    return code if confidence >= _MIN_CONFIDENCE and len(code) == 2 else None


def _samples(text: str) -> list[str]:
    """Stretches from the start, the middle and the end: covers and appendices may differ."""
    if len(text) <= _SAMPLES * _SAMPLE_CHARACTERS:
        return [text]
    step = (len(text) - _SAMPLE_CHARACTERS) // (_SAMPLES - 1)
    return [text[step * n : step * n + _SAMPLE_CHARACTERS] for n in range(_SAMPLES)]


@cache
def language_model() -> Any:
    """The model, loaded once: about a second and 100 MB, so only where it is needed."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
