"""Every measure of the suites has words of its own, which the catalogue of sentences can hold."""

import re
from pathlib import Path

from altiplano.catalog.measures import MEASURES, said_measure
from altiplano_sdk import GuardPoint
from altiplano_sdk.testing import effect

SOURCES = Path(effect.__file__).parent
NAME = re.compile(r'[{\[] ?\s*f?"([^"]+)"(?:\]\s*=|:) effect\(')
CONSTANT = re.compile(r'^[A-Z]+: Final = "([a-z ]+)"$', re.MULTILINE)


def test_every_measure_of_the_suites_has_words():
    measured = set()
    for source in SOURCES.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        for name in (*NAME.findall(text), *CONSTANT.findall(text)):
            measured |= {name.replace("{point}", point) for point in GuardPoint}
    assert len(measured) > 10
    assert measured <= MEASURES.keys()


def test_unknown_measure_stays_as_it_is_named():
    assert said_measure("words_kept") == "words kept"
