"""Balanced weights give every class the same part of the loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.training.class_weight import balanced_class_weight, with_mean_one


@given(st.lists(st.integers(1, 20), min_size=2, max_size=5), st.randoms())
def test_every_class_has_the_same_sum_of_weights_and_their_mean_is_one(counts, random):
    t = np.repeat(np.arange(len(counts)), counts)
    own = np.array([random.uniform(0.1, 5) for _ in t])
    for sample_weight in (None, own):
        of_class = balanced_class_weight(t, len(counts), sample_weight)
        each = of_class[t] * (1 if sample_weight is None else own)
        sums = np.bincount(t, each)
        np.testing.assert_allclose(sums, sums[0])
        assert sums.sum() == pytest.approx(len(t) if sample_weight is None else own.sum())


def test_they_are_those_of_scikit_learn():
    assert balanced_class_weight([0, 0, 0, 1], 2).tolist() == [4 / 6, 4 / 2]  # compute_class_weight("balanced", ...)


@pytest.mark.parametrize(("t", "weight"), [([0, 0], None), ([0, 2], None), ([0, 1, 2], [1, 0, 1])])
def test_a_class_that_counts_nothing_is_named(t, weight):
    with pytest.raises(ValueError, match=r"balanced_class_weight: expected examples of .*, got none of class 1"):
        balanced_class_weight(t, 3 if 2 in t else 2, weight)


def test_a_mean_of_one():
    np.testing.assert_allclose(with_mean_one([1, 2, 3]), [0.5, 1, 1.5])
    np.testing.assert_allclose(with_mean_one(np.full(4, 1e308)), 1)
    np.testing.assert_allclose(with_mean_one([0, 5e-324]), [0, 2])
    with pytest.raises(ValueError, match="with_mean_one: expected a weight above 0, got none"):
        with_mean_one([0, 0])
