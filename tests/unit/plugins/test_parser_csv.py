import pytest

from altiplano_plugins.parser_csv import CsvParser
from altiplano_plugins.parser_csv.rows import find_delimiter, write_rows
from altiplano_sdk import UnreadableDocumentError


def lines(text: str, **limits: int) -> list[str]:
    return write_rows(text, **{"max_rows": 1000, "max_columns": 50, **limits}).text.split("\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_row_names_its_columns(delimiter):
    text = f"Crop{delimiter}Month\nPeas{delimiter}May\nLeeks{delimiter}June"
    assert lines(text) == ["Crop: Peas; Month: May.", "Crop: Leeks; Month: June."]


def test_quoted_values_may_hold_delimiters_and_line_ends():
    assert lines('a;b\n"x; y";"two\nlines"') == ["a: x; y; b: two lines."]


def test_decimal_commas_do_not_look_like_columns():
    assert find_delimiter("name;price\npeas;1,5\nleeks;2,25\n") == ";"


def test_empty_values_and_rows_are_left_out():
    assert lines("a,b,c\n1,,3\n,,\n4,5,6") == ["a: 1; c: 3.", "a: 4; b: 5; c: 6."]


def test_table_without_header_keeps_its_first_row():
    assert lines("1,2\n3,4") == ["1; 2.", "3; 4."]


def test_caption_above_the_table_is_a_line():
    assert lines("Harvest,\n,\nCrop,Month\nPeas,May") == ["Harvest.", "Crop: Peas; Month: May."]


def test_single_column_is_a_list():
    assert lines("Is it free?\nYes, always") == ["Is it free?", "Yes; always."]
    assert lines("one\ntwo\nthree") == ["one.", "two.", "three."]


def test_named_delimiter_is_believed():
    assert lines("sep=|\na|b,c\n1|2,3") == ["a: 1; b,c: 2,3."]


def test_sentences_keep_their_mark():
    assert lines("q,a\nWhy?,Because it rains!") == ["q: Why?; a: Because it rains!"]


def test_rows_and_columns_beyond_the_limits_are_announced():
    text = "a,b,c\n" + "1,2,3\n" * 5
    table = write_rows(text, max_rows=3, max_columns=2)
    assert table.text.split("\n") == ["a: 1; b: 2."] * 3
    assert table.warnings == (
        "Only the first 2 of 3 columns were read.",
        "Only the first 3 rows were read.",
    )


def test_rows_at_the_limit_are_no_reason_to_warn():
    assert write_rows("a,b\n1,2\n3,4", max_rows=2, max_columns=2).warnings == ()


def test_header_alone_is_kept():
    assert lines("Crop,Month") == ["Crop; Month."]


def test_endless_field_is_refused():
    with pytest.raises(UnreadableDocumentError, match="quotation mark"):
        lines('a,b\n"' + "x" * 1_100_000)


def test_table_without_values_is_refused(parse):
    with pytest.raises(UnreadableDocumentError, match="holds no rows"):
        parse(CsvParser, b",,\n , ,\n")
