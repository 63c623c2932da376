"""Both directions: the second really reads backwards, each from the real end of its text."""

import numpy as np
import pytest
from conftest import CELLS, D, H, bidirectional, normal, prefix_mask, time_cell, weights_of

from common.checking.gradient_check import check_layer
from common.pooling import TimeBiLast
from common.time_layers import TimeBidirectional, TimeBiLSTM, TimeGRU

N, T = 3, 5
LENGTHS = [2, 5, 1]
MASK = prefix_mask(LENGTHS, T)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("first", CELLS)
@pytest.mark.parametrize("second", CELLS)
def test_any_two_cells_go_together(first, second, masked):
    layer, xs, mask = bidirectional(first, second), normal(N, T, D), MASK if masked else np.ones((N, T), bool)
    hs = layer.forward(xs, mask if masked else None)
    assert hs.shape == (N, T, 2 * H)
    for n in range(N):
        real = xs[n : n + 1, mask[n]]  # (1, length, D)
        length = real.shape[1]
        np.testing.assert_allclose(hs[n, :length, :H], time_cell(first).forward(real)[0], atol=1e-13)
        backwards = time_cell(second, seed=10).forward(real[:, ::-1])[0, ::-1]
        np.testing.assert_allclose(hs[n, :length, H:], backwards, atol=1e-13)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pair", [("rnn", "lstm"), ("gru_after_two_biases", "gru_before")])
def test_every_gradient_of_two_layers_is_right(pair, masked):
    errors = check_layer(bidirectional(*pair), normal(N, T, D), mask=MASK if masked else None)
    assert len(errors) == 7
    assert {"forward.Wx", "backward.b"} <= set(errors)


def test_bilast_takes_each_directions_own_last_state():
    layer = bidirectional("lstm", "gru_before")
    pooled = TimeBiLast().forward(layer.forward(normal(N, T, D), MASK), MASK)
    assert np.array_equal(pooled[:, :H], layer.forward_layer.h)
    assert np.array_equal(pooled[:, H:], layer.backward_layer.h)


def test_the_layers_arrays_are_the_lists_of_both():
    layer = bidirectional("rnn", "lstm")
    both = layer.forward_layer, layer.backward_layer
    assert all(a is b for a, b in zip(layer.params, both[0].params + both[1].params, strict=True))
    assert all(a is b for a, b in zip(layer.grads, both[0].grads + both[1].grads, strict=True))
    assert layer.param_names == (*(f"{side}.{p}" for side in ("forward", "backward") for p in ("Wx", "Wh", "b")),)


def test_outputs_of_two_sizes_are_concatenated():
    layer = TimeBidirectional(time_cell("rnn", H=2), time_cell("lstm", H=5))
    assert layer.forward(normal(N, T, D)).shape == (N, T, 7)
    check_layer(layer, normal(N, 3, D))


def test_the_books_bilstm_is_two_lstms():
    weights = [*weights_of("lstm"), *weights_of("lstm", seed=10)]
    ours, theirs = TimeBiLSTM(*weights), bidirectional("lstm", "lstm")
    assert all(p is w for p, w in zip(ours.params, weights, strict=True))
    assert np.array_equal(ours.forward(normal(N, T, D), MASK), theirs.forward(normal(N, T, D), MASK))
    assert not ours.forward_layer.stateful
    assert TimeBiLSTM(*weights, stateful=True).backward_layer.stateful


def test_a_stateful_bilstm_keeps_and_forgets_both_states():
    layer, xs = TimeBiLSTM(*weights_of("lstm"), *weights_of("lstm", seed=10), stateful=True), normal(N, T, D)
    first = layer.forward(xs)
    second = layer.forward(xs)
    assert not np.allclose(first[:, :, :H], second[:, :, :H])
    assert not np.allclose(first[:, :, H:], second[:, :, H:])
    layer.reset_state()
    assert np.array_equal(layer.forward(xs), first)


def test_one_layer_twice_is_refused():
    layer = time_cell("rnn")
    with pytest.raises(ValueError, match="TimeBidirectional: expected two layers"):
        TimeBidirectional(layer, layer)


def test_layers_that_do_not_fit_each_other_are_refused():
    other = TimeGRU(*weights_of("gru_before", D=D + 1))
    with pytest.raises(ValueError, match=r"TimeGRU: xs: expected floats of shape \(N, T, 4\)"):
        TimeBidirectional(time_cell("rnn"), other).forward(normal(N, T, D))


def test_dhs_of_another_width_is_refused():
    layer = bidirectional("rnn", "rnn")
    layer.forward(normal(N, T, D))
    with pytest.raises(ValueError, match=r"TimeBidirectional: dhs: expected floats of shape \(N, T, 4\)"):
        layer.backward(normal(N, T, 3))
    with pytest.raises(ValueError, match="dhs: expected floats of shape"):
        layer.backward(normal(N, T + 1, 4))


@pytest.mark.parametrize("xs", [5.0, None, normal(D), normal(N, D)])
def test_what_is_no_sequence_is_refused_by_the_layer_that_reads_it(xs):
    with pytest.raises(ValueError, match=r"TimeRNN: xs: expected floats of shape \(N, T, 3\)"):
        bidirectional("rnn", "lstm").forward(xs)


def test_inference_is_of_both_directions():
    first, second, *_ = CELLS
    layer = TimeBidirectional(time_cell(first), time_cell(second))
    assert not layer.inference
    layer.inference = True
    assert layer.forward_layer.inference
    assert layer.backward_layer.inference
    assert layer.inference
