"""One screen, whatever there is to say."""

import io

from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk.cli.screen import COLUMNS, LINES, Screen
from altiplano_sdk.packaging import Finding, Severity


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def finding(number: int) -> Finding:
    return Finding("ALT105", Severity.ERROR, "a.py", number, f"Wrong {number}.", "Mend it.")


@given(said=st.lists(st.text(max_size=300), max_size=40), count=st.integers(0, 60))
def test_nothing_said_leaves_the_screen(said, count):
    out = io.StringIO()
    screen = Screen(out)
    for text in said:
        screen.say(text)
    screen.findings([finding(number) for number in range(count)])
    screen.good("x" * 500)
    screen.show()
    shown = out.getvalue().splitlines()
    assert len(shown) <= LINES
    assert max(map(len, shown)) <= COLUMNS
    assert "\x1b" not in out.getvalue()


def test_finding_is_a_place_a_rule_and_a_way_to_mend_it():
    out = io.StringIO()
    screen = Screen(out)
    screen.findings([finding(7)])
    screen.show()
    assert out.getvalue() == "a.py:7  ALT105  Wrong 7.\n    Mend it.\n"


def test_many_findings_are_counted():
    out = io.StringIO()
    screen = Screen(out)
    screen.findings([finding(number) for number in range(50)])
    screen.bad("50 to mend.")
    screen.show()
    lines = out.getvalue().splitlines()
    assert lines[-2:] == ["... and 40 more; mend these first.", "50 to mend."]


def test_long_sentences_are_wrapped_and_not_cut():
    out = io.StringIO()
    screen = Screen(out)
    screen.bad(f"The platform says no: {'much ' * 30}reason.")
    screen.show()
    assert " ".join(out.getvalue().split()) == f"The platform says no: {'much ' * 30}reason."
    assert len(out.getvalue().splitlines()) == 2


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    screen = Screen(out)
    screen.good("well")
    screen.show()
    assert out.getvalue() == "\x1b[32mwell\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    screen = Screen(plain)
    screen.bad("not well")
    screen.show()
    assert plain.getvalue() == "not well\n"


def test_signs_that_move_the_cursor_are_taken_out():
    out = io.StringIO()
    screen = Screen(out)
    screen.findings([Finding("R", Severity.ERROR, "\x1b[2Ja.py", 1, "x\r\x07y.", "z")])
    screen.show()
    assert not set(out.getvalue()) & {"\x1b", "\r", "\x07"}
