"""The tables of docs/words.md and docs/scripts.md are true: what is written there becomes the tokens beside it."""

import re
from pathlib import Path

import pytest

from dataset.text import tokenize

DOCS = Path(__file__).parents[2] / "docs"
WORDS, SCRIPTS = ((DOCS / page).read_text(encoding="utf-8") for page in ("words.md", "scripts.md"))
ROWS = [line for line in WORDS.splitlines() if re.match(r"\| `(?!--)", line)]
OF_LANGUAGES = re.findall(r"^\|[ A-Za-z]*(\| `.*)", SCRIPTS, re.M)  # without the language


def groups(cell):
    """What stands in code in a cell: a list for each group between commas; "none" is an empty one."""
    found = [[]]
    for code, other in re.findall(r"(``.+?``(?!`)|`[^`]+`)|(,)", cell):
        if other:
            found.append([])
        else:
            found[-1].append(code.strip("`").strip(" ").replace(r"\|", "|") if code[1] != "`" else code[3:-3])
    return found


@pytest.mark.parametrize("row", ROWS + OF_LANGUAGES)
def test_what_the_page_says_of_a_row_is_so(row):
    _, written, tokens, *_ = re.split(r"(?<!\\)\|", row)
    texts = [text for group in groups(written) for text in group]
    expected = [[text] for text in texts] if tokens.strip() == "as written" else groups(tokens)
    assert [tokenize(text) for text in texts] == (expected * len(texts) if len(expected) == 1 else expected)


def test_the_tables_have_their_rows():
    assert len(ROWS) > 35 and len(OF_LANGUAGES) > 11
