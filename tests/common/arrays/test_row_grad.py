"""The embedding's gradient: dense to whoever reads it, few rows to whoever asks, never stale."""

import numpy as np
import pytest
from conftest import normal

from common.arrays.row_grad import FEW, RowGrad, sum_rows, touched_rows
from common.arrays.tied_weights import remove_duplicate
from common.layers import Embedding
from common.time_layers import TimeAffine, TimeEmbedding


def dense_sum(ids, values, V):
    dense = np.zeros((V, values.shape[1]), values.dtype)
    np.add.at(dense, ids, values)
    return dense


@pytest.mark.parametrize("seed", range(40))
def test_sum_rows_equals_add_at(seed):
    rng = np.random.default_rng(seed)
    V, M, width = rng.integers(1, 60), rng.integers(0, 400), rng.integers(1, 5)
    ids = rng.integers(0, V, M).astype(rng.choice([np.int32, np.int64, np.uint16]))
    values = rng.standard_normal((M, width))
    rows, sums = sum_rows(ids, values)
    assert rows.tolist() == sorted(set(ids.tolist()))
    np.testing.assert_allclose(sums, dense_sum(ids, values, V)[rows], rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, FEW - 1, FEW, FEW + 1, 5 * FEW])
def test_sum_rows_adds_any_number_of_repeats(count):
    ids = np.array([7] * count + [3, 9, 9])
    rows, sums = sum_rows(ids, np.ones((len(ids), 2)))
    assert rows.tolist() == [3, 7, 9]
    assert sums.tolist() == [[1, 1], [count, count], [2, 2]]


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint32])
def test_sum_rows_sorts_ids_of_more_than_16_bits(kind):
    ids = np.array([65_536, 3, 131_075, 65_539, 3, 0, 65_536], kind)  # low halves 0, 3, 3, 3, 3, 0, 0
    values = np.arange(7.0)[:, None]
    rows, sums = sum_rows(ids, values)
    assert rows.tolist() == [0, 3, 65_536, 65_539, 131_075]
    assert sums[:, 0].tolist() == [5, 1 + 4, 0 + 6, 3, 2]


@pytest.mark.parametrize("seed", range(5))
def test_sum_rows_of_some_places_is_that_of_these_places_alone(seed):
    rng = np.random.default_rng(seed)
    ids, values = rng.integers(0, 30, 400), rng.standard_normal((400, 3))
    counted = np.flatnonzero(rng.random(400) < 0.6)
    values[np.setdiff1d(np.arange(400), counted)] = np.nan
    (rows, sums), (expected_rows, expected_sums) = (
        sum_rows(ids, values, counted),
        sum_rows(ids[counted], values[counted]),
    )
    assert np.array_equal(rows, expected_rows)
    np.testing.assert_allclose(sums, expected_sums, rtol=0, atol=1e-12)


def test_sum_rows_of_nothing_is_nothing():
    rows, sums = sum_rows(np.zeros(0, int), np.zeros((0, 4)))
    assert rows.shape == (0,)
    assert sums.shape == (0, 4)


def test_sum_rows_leaves_its_input_alone_and_keeps_the_dtype():
    ids, values = np.array([2, 0, 2]), normal(3, 2, dtype=np.float32)
    kept = ids.copy(), values.copy()
    assert sum_rows(ids, values)[1].dtype == np.float32
    assert np.array_equal(ids, kept[0])
    assert np.array_equal(values, kept[1])


def embedding(V=6, D=2):
    return Embedding(normal(V, D))


def back(layer, ids, seed=0):
    """-> the gradient that is due, dense."""
    out = layer.forward(np.array(ids))
    dout = normal(*out.shape, seed=seed)
    assert layer.backward(dout) is None
    return dense_sum(np.array(ids).ravel(), dout.reshape(-1, out.shape[-1]), len(layer.params[0]))


def test_a_gradient_knows_its_rows_and_reads_as_dense():
    layer = embedding()
    due = back(layer, [[4, 1], [4, 4]])
    (grad,) = layer.grads
    assert touched_rows(grad).tolist() == [1, 4]
    assert isinstance(grad, np.ndarray)
    assert grad.shape == (6, 2)
    np.testing.assert_allclose(grad, due, atol=1e-14)
    np.testing.assert_allclose(np.sum(grad), due.sum())
    np.testing.assert_allclose(grad.sum(axis=0), due.sum(axis=0))
    np.testing.assert_allclose(np.sqrt((grad**2).sum()), np.linalg.norm(due))
    np.testing.assert_allclose(grad[4], due[4])
    np.testing.assert_allclose((2 * grad + 1)[:, 0], 2 * due[:, 0] + 1)
    np.testing.assert_allclose(np.asarray(grad), due)
    assert np.abs(grad).max() == pytest.approx(np.abs(due).max(), rel=1e-12)
    assert touched_rows(grad).tolist() == [1, 4], "reading made it dense"


def test_reading_does_not_give_a_gradient_that_claims_rows():
    layer = embedding()
    back(layer, [1])
    (grad,) = layer.grads
    for derived in (grad.copy(), grad[2:], grad.T, grad * 2, grad + grad, grad.astype(np.float32)):
        assert touched_rows(derived) is None


def test_the_rows_of_the_batch_before_are_zero_again():
    layer = embedding()
    for seed, ids in enumerate(([0, 1, 1], [2], [5, 0], [])):
        due = back(layer, np.array(ids, int), seed)
        assert np.array_equal(layer.grads[0] != 0, due != 0)
        np.testing.assert_allclose(layer.grads[0], due, atol=1e-14)


def add_in_place(g):
    g += 1


def scale_in_place(g):
    g *= 0.5
    g -= 3


def write_a_row(g):
    g[3] += 1


def write_one(g):
    g[5, 1] = 7


WRITERS = {
    "add": add_in_place,
    "scale": scale_in_place,
    "row": write_a_row,
    "one": write_one,
    "all": lambda g: g.__setitem__(Ellipsis, 2.0),
    "fill": lambda g: g.fill(4),
    "out": lambda g: np.multiply(g, 2, out=g) + np.add(g, 1, out=g),
    "out_of_another": lambda g: np.exp(normal(6, 2), out=g),
    "add_at": lambda g: np.add.at(g, np.array([0, 3, 3]), 1.0),
    "copyto": lambda g: np.copyto(g, normal(6, 2)),
    "put": lambda g: np.put(g, [7], 5),
    "place": lambda g: np.place(g, g < 9, [5]),
    "putmask": lambda g: np.putmask(g, g < 9, 5),
    "fill_diagonal": lambda g: np.fill_diagonal(g, 5),
    "dot_out": lambda g: np.dot(normal(6, 6), normal(6, 2), out=g),
    "reduce_out": lambda g: np.add.reduce(normal(3, 6, 2), axis=0, out=g),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_whoever_writes_into_it_makes_it_dense_and_the_next_backward_is_right(writer):
    layer = embedding()
    (grad,) = layer.grads
    plain = back(layer, [4, 1])
    writer(grad)
    writer(plain)
    assert touched_rows(grad) is None
    np.testing.assert_allclose(np.asarray(grad), plain, atol=1e-14)
    due = back(layer, [2, 2], seed=1)
    assert layer.grads[0] is grad
    assert touched_rows(grad).tolist() == [2]
    np.testing.assert_allclose(np.asarray(grad), due, atol=1e-14)


def test_writing_into_it_returns_the_same_array():
    grad = RowGrad.zeros_like(normal(3, 2))
    same = grad
    grad += 1
    assert grad is same
    assert np.multiply(grad, 2, out=grad) is same


def test_the_gradient_adds_in_float32_for_float32_weights():
    layer = Embedding(normal(6, 2, dtype=np.float32))
    layer.forward(np.array([1, 1]))
    layer.backward(normal(2, 2))
    assert layer.grads[0].dtype == np.float32


def test_a_step_needs_memory_for_its_own_rows_only():
    """No array of (V, D) may be made in a step: at V = 200,000 one would be 20 MB."""
    import tracemalloc

    layer = Embedding(np.zeros((200_000, 25), np.float32))
    ids, dout = np.arange(0, 1000), np.ones((1000, 25), np.float32)
    layer.forward(ids)
    layer.backward(dout)
    tracemalloc.start()
    try:
        layer.forward(ids)
        layer.backward(dout)
        assert tracemalloc.get_traced_memory()[1] < 2e6
    finally:
        tracemalloc.stop()


def test_tied_weights_are_one_parameter_whose_gradients_add():
    W, b = normal(6, 3), np.zeros(6)
    embed, affine = TimeEmbedding(W), TimeAffine(W.T, b)
    ids, dout = np.array([[1, 4, 4], [0, 2, 1]]), normal(2, 3, 6, seed=3)

    affine.forward(embed.forward(ids))
    embed.backward(affine.backward(dout))
    params, grads = remove_duplicate(embed.params + affine.params, embed.grads + affine.grads)
    assert len(params) == len(grads) == 2
    assert params[0] is W
    assert params[1] is b

    def loss():
        return float(np.sum(dout * (W[ids] @ W.T + b)))

    for at in np.ndindex(W.shape):
        kept = W[at]
        W[at] = kept + 1e-5
        above = loss()
        W[at] = kept - 1e-5
        assert grads[0][at] == pytest.approx((above - loss()) / 2e-5, rel=1e-6, abs=1e-8)
        W[at] = kept
    np.testing.assert_allclose(grads[0], np.asarray(embed.grads[0]) + affine.grads[0].T)
    assert touched_rows(embed.grads[0]).tolist() == [0, 1, 2, 4], "adding changed the layer's own gradient"


def test_equal_values_are_not_tied():
    W = normal(6, 3)
    params, _ = remove_duplicate([W, W.copy()], [np.zeros((6, 3)), np.ones((6, 3))])
    assert len(params) == 2


def test_the_same_array_three_times_is_one_parameter():
    W = normal(3, 3)
    params, grads = remove_duplicate([W, W.T, W], [normal(3, 3, seed=i) for i in range(3)])
    assert len(params) == 1
    np.testing.assert_allclose(grads[0], normal(3, 3) + normal(3, 3, seed=1).T + normal(3, 3, seed=2))
