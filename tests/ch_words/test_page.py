"""The chapter's page: each line beside an equation stands in its file."""

import re

from conftest import ROOT


def test_each_line_beside_an_equation_stands_in_its_file():
    page = (ROOT / "docs" / "ch_words.md").read_text(encoding="utf-8")
    lines = re.findall(r"\| `([^`|]+)` \| ([\w/]+\.py) \|$", page, re.M)
    assert len(lines) == len(re.findall(r"[\w/]+\.py \|$", page, re.M)) == 13
    for line, path in lines:
        assert line in (ROOT / path).read_text(encoding="utf-8"), line
