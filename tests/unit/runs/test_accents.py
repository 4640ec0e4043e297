"""The colours an app may be given are legible, and the widget's button has the same."""

import re
from pathlib import Path

import pytest

from altiplano.runs.interfaces.widget import ACCENTS
from altiplano.studio.models import Accent
from tests.unit.web.test_contrast import contrast

STATIC = Path(__file__).parents[3] / "platform/altiplano"
CSS = (STATIC / "runs/static/runs/accents.css").read_text(encoding="utf-8")
LIGHT, DARK = CSS.split("@media")
RULE = re.compile(r'\[data-accent="(\w+)"\] \{ --accent: (#\w{6}); --accent-soft: (#\w{6}); \}')
GROUNDS = {"light": ("#FBFAF7", "#FFFFFF"), "dark": ("#16151D", "#1F1E29")}
INK = {"light": "#1D1B26", "dark": "#ECEAF2"}
ON_ACCENT = {"light": "#FFFFFF", "dark": "#16151D"}

COLOURS = [
    (mode, *rule) for mode, css in (("light", LIGHT), ("dark", DARK)) for rule in RULE.findall(css)
]


def test_every_colour_that_may_be_chosen_is_there_in_both_modes():
    chosen = set(Accent.values) - {Accent.INDIGO}  # indigo is what tokens.css says
    assert {name for mode, name, *_ in COLOURS if mode == "light"} == chosen
    assert {name for mode, name, *_ in COLOURS if mode == "dark"} == chosen
    assert set(ACCENTS) == set(Accent)


@pytest.mark.parametrize(("mode", "name", "accent", "soft"), COLOURS)
def test_colour_is_legible_on_every_ground(mode, name, accent, soft):
    for ground in (*GROUNDS[mode], soft):
        assert contrast(accent, ground) >= 4.5, (name, ground)
    assert contrast(ON_ACCENT[mode], accent) >= 4.5
    assert contrast(INK[mode], soft) >= 4.5


@pytest.mark.parametrize("accent", list(Accent))
def test_button_of_the_widget_is_white_on_the_same_colour(accent):
    assert contrast("#FFFFFF", ACCENTS[accent]) >= 4.5
    stated = {name: value for mode, name, value, _ in COLOURS if mode == "light"}
    if accent in stated:
        assert ACCENTS[accent] == stated[accent]
