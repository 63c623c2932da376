"""The figure of an explanation has room for long words, long labels and long texts."""

import numpy as np
import pytest

from ch_sentiment.explain.attribution import Explanation
from ch_sentiment.explain.figure import figure
from common.checking.integrated_gradients import Path


def found(words, label="good", attention=False):
    T = len(words)
    numbers = np.linspace(-1, 1, T)
    path = Path(np.array([0.0, 1.0]), np.array([0.0, 0.1]), np.stack([numbers, numbers]))
    weights = np.full(T, 1 / T) if attention else None
    known, so_far = np.ones(T, bool), np.full(T, 0.6)
    return Explanation(["bad", label], np.array([0.4, 0.6]), 1, "", words, T, known, path, numbers, so_far, weights)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("word", ["x" * 500, "WWWWWWWWWWWWWWWWWWWW", "a"])
@pytest.mark.parametrize("count", [1, 20, 400])
def test_long_words_and_long_texts_leave_the_figure_whole(count, word, attention):
    words = ["word"] * (count - 1) + [word]
    drawn = figure(found(words, "a label of so many words that nobody will read it" * 2, attention))
    drawn.draw_without_rendering()
    size, box = drawn.get_size_inches(), drawn.get_tightbbox()
    assert size.max() <= 14
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= size[0] and box.y1 <= size[1]
    ax = drawn.axes[0]
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(one.count_overlaps(boxes[:i]) == 0 for i, one in enumerate(boxes))
    assert all(one.bbox.height > 40 and one.bbox.width > 300 for one in drawn.axes)  # pixels, of 100 an inch


def test_the_legend_names_the_sides_that_there_are_each_in_its_colour():
    ax = figure(found(["for"])).axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["occlusion: lost without it", "for the answer"]
    both = figure(found(["against", "for"])).axes[0].get_legend()
    assert len({patch.get_facecolor() for patch in both.get_patches()}) == 2 == len(both.get_patches())


def test_words_and_label_are_shown_as_they_are():
    drawn = figure(found(["$x_1$", "_y", "a\nb", "50"], "$l$\n_"))
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == ["$x_1$", "_y", "a b", "50"]
    assert drawn.get_suptitle() == "$l$ _: 60.0%"
    drawn.draw_without_rendering()
