"""Records of CSV are those of the csv module with their line numbers, wherever in the file one spans lines."""

import csv

import numpy as np
import pytest

from dataset.reading.delimited import csv_rows


def numbered(lines):
    """(number of its first line, cells) of each record of well-formed CSV, by the csv module."""
    reader, number = csv.reader(lines), 1
    for cells in reader:
        if any(cells):
            yield number, cells
        number = reader.line_num + 1


@pytest.mark.parametrize("seed", range(8))
def test_records_and_their_numbers_are_those_of_the_csv_module(seed):
    rng = np.random.default_rng(seed)
    texts = ["plain", '"a, b"', '"two\nlines"', '"say ""so"""', '"three\n\nlines, yes"', "", '""']
    chances = [0.9, 0.04, 0.02, 0.02, 0.01, 0.005, 0.005] if seed % 2 else None
    rows = [f"{texts[i]},{n % 2}\n" for n, i in enumerate(rng.choice(len(texts), 700, p=chances))]
    rows[50], rows[64:64] = ",\n", ["\n", "\n"]
    lines = "".join(rows).splitlines(keepends=True)
    left_out = {}
    assert list(csv_rows(lines, ",", left_out, "a.csv")) == list(numbered(lines)) and left_out == {}


def test_a_quote_that_is_never_closed_costs_its_line_in_any_block():
    lines = [f"good film {n},{n % 2}\n" for n in range(300)]
    for number in (1, 64, 65, 200):
        lines[number - 1] = f'"never closed,{number % 2}\n'
    left_out = {}
    rows = list(csv_rows(lines, ",", left_out, "a.csv"))
    assert left_out == {"a quote that is never closed": [1, 64, 65, 200]}
    assert [number for number, _ in rows] == [n for n in range(1, 301) if n not in (1, 64, 65, 200)]


def test_rows_that_stand_in_quotes_as_a_whole_are_unwrapped(read, rows):
    for form in ('"{l},""{t}, yes"""', '"""{t}, yes"",{l}"'):
        names = '"label,text"\n' if form[1] == "{" else '"text,label"\n'
        found = read("a.csv", names + rows(form))
        assert found.notes == ['text from "text", labels from "label": neg (6), pos (6)']
        assert found.texts[0].endswith("0, yes") and found.numbers[0] == 2
    assert len(read("a.csv", '"text","label"\n' + rows('"{t}, yes","{l}"')).texts) == 12
