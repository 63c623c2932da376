"""The spiral is the book's, point for point."""

import numpy as np

from dataset import spiral


def book_spiral(seed):
    """The book's way: one draw of the global stream for each point."""
    rng = np.random.RandomState(seed)
    x, t = np.zeros((300, 2)), np.zeros((300, 3), dtype=int)
    for j in range(3):
        for i in range(100):
            rate = i / 100
            theta = j * 4.0 + 4.0 * rate + rng.randn() * 0.2
            x[100 * j + i] = rate * np.sin(theta), rate * np.cos(theta)
            t[100 * j + i, j] = 1
    return x, t


def test_the_points_are_those_of_a_draw_a_point_in_order():
    for seed in (1984, 7):
        for ours, theirs in zip(spiral.load_data(seed), book_spiral(seed), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_shapes_and_dtypes_are_as_promised():
    x, t = spiral.load_data()
    assert x.shape == (300, 2) and x.dtype == np.float64
    assert t.shape == (300, 3) and t.dtype == np.int32
    assert t.sum(axis=0).tolist() == [100, 100, 100] and set(t.sum(axis=1)) == {1}


def test_the_global_random_state_is_neither_read_nor_moved():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = spiral.load_data()[0]
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.random.rand()  # noqa: NPY002
    np.testing.assert_array_equal(first, spiral.load_data()[0])
