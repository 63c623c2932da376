"""Maps of attention: every weight at its two characters."""

import numpy as np
import pytest

from common.figures.alignment import alignment_maps


def maps(questions=("ab c ", "  $1$"), answers=("xy", "_$"), seed=0):
    weights = np.random.default_rng(seed).random((len(questions), 2, 5))
    return weights, alignment_maps(weights, questions, answers)


def panels(figure):
    return [ax for ax in figure.axes if ax.images and ax.get_label() != "<colorbar>"]


def test_rows_are_the_answers_characters_and_columns_the_questions():
    weights, figure = maps()
    first, second = panels(figure)
    assert [label.get_text() for label in first.get_xticklabels()] == list("ab c")
    assert [label.get_text() for label in first.get_yticklabels()] == list("xy")
    assert np.array_equal(first.images[0].get_array(), weights[0, :, :4])  # blanks at the end are left out
    assert [label.get_text() for label in second.get_xticklabels()] == list("$1$")
    assert np.array_equal(second.images[0].get_array(), weights[1, :, 2:])
    assert all(ax.images[0].get_clim() == (0, 1) for ax in (first, second))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_any_number_of_maps_is_drawn_with_cells_of_one_size(count):
    _, figure = maps(["abcde", "ab   ", "a    ", "abcd ", "abc  "][:count], ["xy"] * count)
    figure.draw_without_rendering()
    found = panels(figure)
    assert len(found) == count
    size = [ax.transData.transform([1, 1]) - ax.transData.transform([0, 0]) for ax in found]
    np.testing.assert_allclose(size, [size[0]] * count, rtol=1e-6)
    assert abs(size[0]) == pytest.approx(abs(size[0][0]), rel=1e-6)  # squares


def test_characters_without_a_weight_are_refused():
    with pytest.raises(ValueError, match="alignment_maps: expected a weight for each two characters"):
        alignment_maps(np.ones((1, 2, 3)), ["ab"], ["xy"])
