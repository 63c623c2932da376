"""What docs/ch_seq2seq.md shows beside an equation stands in the file that it names."""

import re

from conftest import ROOT


def test_each_line_beside_an_equation_stands_in_its_file():
    page = (ROOT / "docs" / "ch_seq2seq.md").read_text(encoding="utf-8")
    lines = re.findall(r"\| `([^`|]+)` \| ([\w/]+\.py) \|$", page, re.M)
    assert len(lines) == len(re.findall(r"[\w/]+\.py \|$", page, re.M)) >= 12
    for line, path in lines:
        assert line in (ROOT / path).read_text(encoding="utf-8"), line
