"""Every pair of text and ground that the tokens allow can be read: WCAG's 4.5 to 1."""

import re
from itertools import product

import pytest

from altiplano.web import apps

TOKENS = (apps.__file__, "static/web/tokens.css")


def read_tokens() -> str:
    from pathlib import Path

    return (Path(TOKENS[0]).parent / TOKENS[1]).read_text(encoding="utf-8")


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6});", block))


SOURCE = read_tokens()
LIGHT = colours(SOURCE.partition("@media")[0])
DARK = LIGHT | colours(SOURCE.partition("prefers-color-scheme: dark")[2])
PAIRS = re.findall(r"\b([a-z-]+)/([a-z-]+)\b", SOURCE.partition("Text on ground")[2])


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_tokens_name_the_pairs_that_are_used():
    assert len(PAIRS) >= 18
    assert {name for pair in PAIRS for name in pair} <= LIGHT.keys()


@pytest.mark.parametrize(("pair", "theme"), list(product(PAIRS, ("light", "dark"))))
def test_text_can_be_read_on_its_ground(pair, theme):
    palette = LIGHT if theme == "light" else DARK
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5
