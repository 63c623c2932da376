"""A map for each head of each block, with the words on both sides."""

import numpy as np
import pytest

from common.figures.heads import head_maps


def test_each_block_is_a_row_and_each_head_a_map_of_its_weights():
    weights = [np.full((3, 2, 2), share) for share in (0.25, 0.5)]
    figure = head_maps(weights, ["not", "$bad$"])
    maps = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in maps] == [f"block {b}, head {h}" for b in (1, 2) for h in (1, 2, 3)]
    assert [ax.images[0].get_array().mean() for ax in maps] == [0.25] * 3 + [0.5] * 3
    assert [label.get_text() for label in maps[0].get_yticklabels()] == ["not", "$bad$"]


@pytest.mark.parametrize("weights", [[], [np.zeros((2, 3, 3))], [np.zeros((2, 2, 2)), np.zeros((1, 2, 2))]])
def test_weights_of_another_size_are_named(weights):
    with pytest.raises(ValueError, match=r"head_maps: expected \(heads, 2, 2\) weights"):
        head_maps(weights, ["not", "bad"])
