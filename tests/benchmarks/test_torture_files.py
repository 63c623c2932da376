"""benchmarks.torture files, in short: no spoiled file does more than be read or be refused in one line."""

import numpy as np
import pytest
from conftest import everything
from fixtures.people import FILES

from benchmarks.torture import files
from dataset.errors import DataError


@pytest.mark.parametrize("start", [0, 10_000])
def test_spoiled_files_are_read_or_refused_in_one_line(start):
    figures = files.run(5, print, count=150, start=start)
    assert figures["files"] == figures["read"] + figures["refused"] == 150
    assert figures["read"] > 25 and figures["refused"] > 25


def test_a_mutant_is_made_again_from_its_number(tmp_path):
    for number in range(40):
        made = []
        for again in "ab":
            folder = tmp_path / f"{number}{again}"
            files.write(np.random.default_rng([0, number]), FILES[number], folder)
            made.append(everything(folder))
        assert made[0] == made[1]


def test_whatever_else_a_reader_does_is_found():
    def said(message):
        raise DataError(message)

    assert files.judged(lambda: said("a.csv, line 3: expected a label, got none")) == "refused"
    for message in ("two\nlines", "two\u2028lines", "long" * files.LONGEST):
        with pytest.raises(AssertionError):
            files.judged(lambda message=message: said(message))
    with pytest.raises(ZeroDivisionError):
        files.judged(lambda: 1 / 0)
