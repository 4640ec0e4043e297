"""How long something took, in the unit in which people think of it."""

import pytest
from django.utils import translation

from altiplano.web.templatetags.altiplano import duration


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, "0 ms"), (12.46, "12.5 ms"), (340.4, "340 ms"), (999.4, "999 ms"), (999.6, "1 s"),
     (1234.0, "1.2 s"), (125_300.0, "125.3 s")],
)  # fmt: skip
def test_seconds_are_said_from_a_second_on(milliseconds, said):
    assert duration(milliseconds) == said


def test_the_comma_is_the_languages_own():
    with translation.override("fr"):
        assert duration(1234.0) == "1,2 s"
