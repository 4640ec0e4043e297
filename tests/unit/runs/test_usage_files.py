"""What a spreadsheet gets to read."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.kernel.tables_as_text import FORMULA_SIGNS, write_rows


@pytest.mark.parametrize(
    "name", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']
)
def test_text_that_looks_like_a_formula_is_only_text(name):
    ((cell,),) = csv.reader(io.StringIO(write_rows([[name]], ","), newline=""))
    assert cell == "'" + name


def test_numbers_stay_numbers():
    assert write_rows([["Garden", -3, 12]], ";") == "Garden;-3;12\r\n"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_cell_begins_with_a_sign_of_a_formula(name):
    ((cell, after),) = csv.reader(
        io.StringIO(write_rows([[name, 7]], ";"), newline=""), delimiter=";"
    )
    assert not cell.startswith(FORMULA_SIGNS)
    assert cell.removeprefix("'") == name or cell == name
    assert after == "7"
