"""Names in figures: on one line, of limited width, and as they are."""

import unicodedata

import pytest

from common.figures.names import shortened, width_of
from common.plot import gradient_norms, new_axes, roc, word_map

ODD = ["$x_1$", "_hidden", "_child", "a\nb", "$\\frac{$", "\\alpha", "50 %", "<b>", "{0}"]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcde…hijk"),
        ("好好好好好", "好好好好好"),
        ("一二三四五六", "一二…五六"),
        ("a\n\tb\x1b[2J", "a b [2J"),
        (" a  b ", "a b"),
        (7, "7"),
        ("e\u0301", "é"),
        ("\udcff!", "!"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_a_name_is_one_line_of_at_most_so_many_columns_and_keeps_its_ends(name, short):
    assert shortened(name, 10) == short and width_of(short) <= 10


def test_marks_take_no_column():
    assert width_of(unicodedata.normalize("NFD", "é")) == 1 and width_of("好a") == 3


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("name", [name for name in ODD if name != "_child"])
def test_a_legend_shows_every_name_as_it_is(name):
    shown = shortened(name, 24)
    assert legend_of(roc({name: ([0, 1], [0, 1]), "b": ([0, 1], [0, 1])})) == ["by chance", shown, "b"]
    assert legend_of(gradient_norms({name: [1, 2]})) == [shown]
    ax = word_map([[1, 0], [0, 1], [1, 1]], [name, "b", "c"], [name, "g", name])
    assert legend_of(ax) == [shown, "g"] and ax.texts[0].get_text() == shown
    ax.figure.draw_without_rendering()  # where mathematics would be parsed


def test_a_long_name_is_short_in_a_legend():
    assert legend_of(gradient_norms({"x" * 99: [1, 2]}, new_axes())) == ["x" * 12 + "…" + "x" * 11]
