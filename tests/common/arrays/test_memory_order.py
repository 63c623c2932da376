"""Recurrent layers return C order, as NumPy code that follows them does; poolings and dropout keep the order that they
get, and give gradients that of what they belong to: so nothing is turned round on the way."""

import numpy as np
import pytest
from conftest import CELLS, D, H, normal, prefix_mask, time_cell

from common.arrays.memory_order import memory_order, new_array
from common.layers import Dropout
from common.pooling import TimeBiLast, TimeFirstLast, TimeLast, TimeMax, TimeMaxMean, TimeMean
from common.time_layers import TimeBidirectional, TimeDropout

N, T = 3, 11  # more than a chunk
COLUMNS = (1, 2, 0)  # (N, T, H) in memory as (T, H, N)
ROWS = (0, 1, 2)
MASK = prefix_mask([4, T, 1], T)
every_cell = pytest.mark.parametrize("cell", CELLS)
every_pooling = pytest.mark.parametrize("Pool", [TimeLast, TimeBiLast, TimeFirstLast, TimeMean, TimeMax, TimeMaxMean])


def in_order(a, order):
    """A copy of `a` whose axes stand in memory in `order`."""
    turned = new_array(np.empty, a.shape, order, a.dtype, like=a)
    turned[...] = a
    return turned


@pytest.mark.parametrize("order", [ROWS, COLUMNS, (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("make", [np.empty, np.zeros])
def test_a_new_array_has_its_shape_and_its_order(make, order):
    a = new_array(make, (2, 3, 4), order, np.float32, like=np.zeros(1))
    assert (a.shape, a.dtype, memory_order(a)) == ((2, 3, 4), np.float32, order)
    assert make is np.empty or not a.any()
    assert a.transpose(order).flags.c_contiguous


def test_the_order_of_an_array_read_backwards_is_its_own():
    assert memory_order(np.zeros((2, 3, 4))[:, ::-1]) == ROWS


@pytest.mark.parametrize("order", [ROWS, COLUMNS])
@every_cell
def test_recurrent_layers_return_c_order_whatever_they_get(cell, order):
    for layer in (time_cell(cell), TimeBidirectional(time_cell(cell), time_cell(cell, seed=1))):
        hs = layer.forward(in_order(normal(N, T, D), order), MASK)
        dxs = layer.backward(in_order(normal(*hs.shape, seed=9), order))
        assert hs.flags.c_contiguous and dxs.flags.c_contiguous


@every_cell
def test_the_order_of_input_and_gradient_changes_no_result(cell):
    xs, dhs, found = normal(N, T, D), normal(N, T, H, seed=9), []
    for x_order in (ROWS, COLUMNS):
        for order in (ROWS, COLUMNS):
            layer = time_cell(cell)
            hs = layer.forward(in_order(xs, x_order), MASK)
            found.append((hs, layer.backward(in_order(dhs, order)), *(g.copy() for g in layer.grads)))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mask", [None, MASK], ids=["none", "lengths"])
@pytest.mark.parametrize("order", [ROWS, COLUMNS])
@every_pooling
def test_the_gradient_of_a_pooling_stands_as_its_input_did(Pool, order, mask):
    pool, hs = Pool(), normal(N, T, 4)
    out = pool.forward(in_order(hs, order), mask)
    dhs = pool.backward(normal(*out.shape, seed=9))
    assert memory_order(dhs) == order
    straight = Pool()
    np.testing.assert_allclose(straight.forward(hs, mask), out, rtol=1e-14, atol=1e-15)
    assert np.array_equal(straight.backward(normal(*out.shape, seed=9)), dhs)


@pytest.mark.parametrize("Layer", [Dropout, TimeDropout])
def test_dropout_keeps_the_order_and_drops_the_same_elements(Layer):
    xs, dout = normal(N, T, D), normal(N, T, D, seed=9)
    straight, columns = Layer(0.5, rng=3), Layer(0.5, rng=3)
    ys = columns.forward(in_order(xs, COLUMNS))
    assert np.array_equal(ys, straight.forward(xs))
    dxs = columns.backward(in_order(dout, COLUMNS))
    assert np.array_equal(dxs, straight.backward(dout))
    assert memory_order(ys) == memory_order(dxs) == COLUMNS


@pytest.mark.parametrize("masked", [False, True])
def test_dropout_that_drops_nothing_keeps_the_order(masked):
    layer, xs = TimeDropout(0.5), in_order(normal(N, T, D), COLUMNS)
    layer.train_flg = False
    ys = layer.forward(xs, MASK if masked else None)
    assert memory_order(ys) == memory_order(layer.backward(xs)) == COLUMNS


@pytest.mark.parametrize("order", [ROWS, COLUMNS])
def test_the_greatest_of_a_column_that_is_not_a_number_breaks_nothing(order):
    hs = normal(N, T, 4)
    hs[0, 2, 1] = np.nan
    pool = TimeMax()
    out = pool.forward(in_order(hs, order), np.ones((N, T), bool))
    assert np.isnan(out[0, 1])
    assert np.isnan(out).sum() == 1
    assert np.isfinite(pool.backward(np.ones_like(out))).all()
