"""Tables, rows of CSV and shortened text: one function each."""

import csv
import io

import pytest

from ch_sentiment.commands.formatting import csv_row, markdown_table, table
from ch_sentiment.console import shorten, shorten_name

HEAD, ROWS = ["model", "loss"], [["lstm", "0.1"], ["a long name", "10.25"]]


def test_a_table_has_its_first_column_on_the_left_and_the_others_on_the_right():
    assert table(HEAD, ROWS).split("\n") == ["model         loss", "lstm           0.1", "a long name  10.25"]
    assert table((), ROWS).split("\n") == ["lstm           0.1", "a long name  10.25"]
    assert table(HEAD, []) == "model  loss"


def test_a_markdown_table_is_aligned_too():
    assert markdown_table(HEAD, ROWS).split("\n") == [
        "| model       |  loss |",
        "| ----------- | ----: |",
        "| lstm        |   0.1 |",
        "| a long name | 10.25 |",
    ]


def test_a_row_of_csv_is_one_line_that_reads_back_without_a_formula():
    row = csv_row(["=1+1", ' -"x"', "a,b\n\x1b[2J", 3, "plain - text"])
    (cells,) = csv.reader(io.StringIO(row), strict=True)
    assert cells == ["'=1+1", '\' -"x"', "a,b  [2J", "3", "plain - text"]
    numbers, formulas = ["-5", "+3.25", "-1e-5", "-0"], ["-5 stars", "-1+2", "+a", "=5", "--5", "-5\t"]
    shown = [f"'{cell}".replace("\t", " ") for cell in formulas]
    assert csv_row([*numbers, *formulas]).split(",") == [*numbers, *shown]


@pytest.mark.parametrize(("text", "width", "short"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a\nb", 9, "a b")])
def test_a_shortened_text_is_one_line_of_at_most_so_many_characters(text, width, short):
    assert shorten(text, width) == short


@pytest.mark.parametrize(
    ("name", "width", "short"), [("abcd", 4, "abcd"), ("abcdefg", 5, "ab…fg"), ("abcdefg", 6, "ab…efg")]
)
def test_a_shortened_name_keeps_its_beginning_and_its_end(name, width, short):
    assert shorten_name(name, width) == short
