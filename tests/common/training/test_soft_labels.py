"""Which texts without labels are learnt from: the surest, as many of each class as fit the labelled ones."""

import numpy as np

from common.training.soft_labels import choose_confident

P = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05], [0.8, 0.2], [0.55, 0.45], [0.25, 0.75]])


def test_rows_that_are_sure_enough_are_chosen_in_their_order():
    np.testing.assert_array_equal(choose_confident(P, 0.75), [0, 1, 3, 4, 6])
    assert len(choose_confident(P, 0.99)) == 0 and len(choose_confident(P, 0.0)) == len(P)


def test_with_shares_of_each_class_the_surest_are_chosen():
    np.testing.assert_array_equal(choose_confident(P, 0.75, np.array([0.5, 0.5])), [0, 1, 3, 6])
    np.testing.assert_array_equal(choose_confident(P, 0.75, np.array([1 / 3, 2 / 3])), [1, 3, 6])
    np.testing.assert_array_equal(choose_confident(P, 0.76, np.array([0.5, 0.5])), [1, 3])


def test_of_a_class_that_is_never_answered_surely_nothing_is_chosen():
    """No balance can be kept without it."""
    assert len(choose_confident(P[[0, 3]], 0.75, np.array([0.5, 0.5]))) == 0
    np.testing.assert_array_equal(choose_confident(P[[0, 3]], 0.75), [0, 1])


def test_more_than_two_classes_are_balanced():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([0.3, 0.2, 0.1], 3000)
    shares = np.array([0.5, 0.3, 0.2])
    index = choose_confident(p, 0.6, shares)
    counts = np.bincount(p[index].argmax(axis=1), minlength=3)
    np.testing.assert_allclose(counts / counts.sum(), shares, atol=0.002)
    assert (np.diff(index) > 0).all() and p[index].max(axis=1).min() >= 0.6
