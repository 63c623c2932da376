"""The plain loop over one-step cells: the same numbers as the fast layers, with masks and states."""

import numpy as np
import pytest
from conftest import CELLS, D, H, normal, prefix_mask, simple_time_cell, time_cell

from common.checking.gradient_check import check_layer
from common.recurrent.base import FEW

N, T = 3, 19  # more steps than two chunks of `add_weight_grad`
HOLES = np.random.default_rng(1).random((N, T)) < 0.6
MASKS = {"none": None, "lengths": prefix_mask([1, T, 7], T), "holes": HOLES}
every_cell = pytest.mark.parametrize("cell", CELLS)
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)


def states_of(cell, seed=20):
    return [normal(N, H, seed=seed + i) for i in range(2 if cell == "lstm" else 1)]


def assert_same(simple, fast, xs, mask):
    """forward and backward of both: outputs, gradients, and the states at both ends."""
    hs, expected = simple.forward(xs, mask), fast.forward(xs, mask)
    np.testing.assert_allclose(hs, expected, rtol=0, atol=1e-13)
    dhs = normal(*hs.shape, seed=9)
    np.testing.assert_allclose(simple.backward(dhs), fast.backward(dhs), rtol=0, atol=1e-12)
    for ours, theirs in zip(simple.grads, fast.grads, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    assert simple.states == fast.states
    for name in fast.states:
        np.testing.assert_allclose(getattr(simple, name), getattr(fast, name), rtol=0, atol=1e-13)
        np.testing.assert_allclose(getattr(simple, f"d{name}"), getattr(fast, f"d{name}"), rtol=0, atol=1e-12)


@every_mask
@every_cell
def test_the_plain_loop_gives_what_the_fast_layer_gives(cell, mask):
    assert_same(simple_time_cell(cell), time_cell(cell), normal(N, T, D), mask)


@every_mask
@pytest.mark.parametrize("stateful", [False, True])
@every_cell
def test_from_a_state_that_was_set_and_over_several_batches_too(cell, stateful, mask):
    simple, fast = simple_time_cell(cell, stateful=stateful), time_cell(cell, stateful=stateful)
    for layer in (simple, fast):
        layer.set_state(*states_of(cell))
    for seed in range(3):
        assert_same(simple, fast, normal(N, T, D, seed=seed), mask)
    for layer in (simple, fast):
        layer.reset_state()
    assert_same(simple, fast, normal(N, T, D), mask)


@pytest.mark.parametrize("stateful", [False, True])
@every_cell
def test_every_gradient_from_a_state_that_was_set_is_right(cell, stateful):
    layer = simple_time_cell(cell, stateful=stateful)
    layer.set_state(*states_of(cell))
    check_layer(layer, normal(N, 4, D), mask=HOLES[:, :4])


@every_cell
def test_it_starts_from_the_weights_that_its_cell_starts_from(cell):
    fast, _, simple, *_ = CELLS[cell]
    for ours, theirs in zip(simple.init_params(5, 4, 3, np.float64), fast.init_params(5, 4, 3, np.float64)):
        assert np.array_equal(ours, theirs)


@every_cell
def test_weights_that_do_not_fit_and_a_second_state_are_refused(cell):
    layer = simple_time_cell(cell)
    Wx, Wh, b = layer.params
    with pytest.raises(ValueError, match=r"Wx: expected a float array of shape \(3, \d+\), got"):
        type(layer)(Wx[:, :-1], Wh, b)
    if cell != "lstm":
        for other in (layer, time_cell(cell)):
            with pytest.raises(ValueError, match="expected the state h alone, got c, too"):
                other.set_state(normal(N, H), normal(N, H))


@every_cell
def test_inference_caches_nothing_for_backward(cell):
    layer, xs = simple_time_cell(cell), normal(N, T, D)
    hs = layer.forward(xs, HOLES)
    layer.inference = True
    assert np.array_equal(layer.forward(xs, HOLES), hs) and layer.cache is None
    with pytest.raises(ValueError, match="backward: expected a forward before it, outside inference mode"):
        layer.backward(hs)


@every_cell
def test_a_few_rows_have_their_gradients_whatever_state_was_set_since(cell):
    """Up to FEW rows are read by the plain loop; a decoder sets its state before the encoder's backward."""
    rows, steps = 2, 4
    assert rows * steps <= FEW
    xs, dhs, h = normal(rows, steps, D), normal(rows, steps, H, seed=2), normal(rows, H, seed=3)
    mask = np.array([[True] * steps, [True, False, True, False]])
    results = []
    for layer in (simple_time_cell(cell), time_cell(cell)):
        layer.stateful = True
        layer.forward(xs, mask)  # a state to start from
        read = xs.copy()
        layer.forward(read, mask)
        read[...] = np.nan  # the caller may use its array again
        layer.set_state(h)
        found = []
        for _ in range(2):
            found += [layer.backward(dhs), *map(np.copy, layer.grads), layer.dh]
        np.testing.assert_array_equal(layer.h, h)
        results.append([*found, layer.forward(xs, mask), layer.h])
    for simple, fast in zip(*results, strict=True):
        np.testing.assert_allclose(simple, fast, rtol=0, atol=1e-12)
