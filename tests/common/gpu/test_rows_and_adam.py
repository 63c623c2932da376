"""Sums of gradient rows and Adam in kernels: in a fixed order, and as on the CPU."""

import numpy as np
import pytest
from conftest import normal

from benchmarks.gpu.kernels_in_c import compiler
from common.layers import Embedding, write_rows
from common.np import to_cpu, to_gpu
from common.optimizer import SGD, Adam, AdamW, clip_elements, clip_grads
from common.time_layers import TimeEmbedding

V, D = 12, 3
FREQUENT = np.repeat([0, 4, 7, 11], [64, 1, 200, 129])  # runs longer than the 64 places after which a sum begins

pytestmark = pytest.mark.usefixtures("cupy")
needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler: the kernels are not used")


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("masked", [False, True])
def test_rows_are_summed_as_add_at_does(masked, dtype):
    rng = np.random.default_rng(0)
    ids = rng.permutation(FREQUENT).astype(dtype).reshape(2, -1)
    values, mask = normal(*ids.shape, D), rng.random(ids.shape) < 0.7 if masked else None
    expected = np.zeros((V, D))
    np.add.at(expected, ids if mask is None else ids[mask], values if mask is None else values[mask])
    room = to_gpu(np.full((V + 2, D), 7.0))  # what stands behind the gradient stays as it is
    write_rows(room[:V], to_gpu(ids), to_gpu(values), mask if mask is None else to_gpu(mask))
    np.testing.assert_allclose(room.get(), np.vstack((expected, np.full((2, D), 7.0))), rtol=0, atol=1e-12)


def test_no_id_at_all_leaves_no_gradient():
    dW = to_gpu(np.full((V, D), np.nan))
    write_rows(dW, to_gpu(np.zeros((0, 4), int)), to_gpu(np.zeros((0, 4, D))))
    assert not dW.get().any()


@needs_compiler
def test_a_row_without_an_id_holds_minus_zero_and_a_row_that_sums_to_zero_does_not():
    dW = to_gpu(np.ones((4, 1)))
    write_rows(dW, to_gpu(np.array([1, 1, 2])), to_gpu(np.array([[5.0], [-5.0], [-0.0]])))
    assert np.signbit(dW.get()).ravel().tolist() == [True, False, False, True] and not dW.get().any()


@needs_compiler
def test_the_same_batch_gives_the_same_bits():
    ids, values = np.random.default_rng(0).permutation(FREQUENT), normal(len(FREQUENT), D, dtype=np.float32)
    found = [to_gpu(np.ones((V, D), np.float32)) for _ in range(2)]
    for dW in found:
        write_rows(dW, to_gpu(ids), to_gpu(values))
    assert np.array_equal(found[0].get(), found[1].get())


def trained(optimizer, move, Layer=Embedding, steps=6, dense=False):
    """An embedding after some steps of few words each, clipped. dense: its gradient does not know its rows."""
    layer, rng = Layer(move(normal(V, D))), np.random.default_rng(1)
    layer.grads = [np.zeros((V, D))] if dense else layer.grads
    for step in range(steps):
        ids = rng.integers(0, 4 + step, (2, 5))
        layer.forward(move(ids))
        dropped = rng.random((2, 5, D)) < 0.4  # which is 0 in a row that moves all the same
        layer.backward(move(np.where(dropped, 0, normal(2, 5, D, seed=step))))
        clip_elements(layer.grads, 1.5)
        clip_grads(layer.grads, 2.0)
        optimizer.update(layer.params, layer.grads)
    return to_cpu(layer.params[0])


@needs_compiler
@pytest.mark.parametrize("Layer", [Embedding, TimeEmbedding])
@pytest.mark.parametrize("Optimizer", [Adam, AdamW])
def test_a_lazy_adam_leaves_alone_the_words_that_do_not_occur(Optimizer, Layer):
    theirs = trained(Optimizer(lr=0.1, lazy=True), np.array, Layer)
    np.testing.assert_allclose(trained(Optimizer(lr=0.1, lazy=True), to_gpu, Layer), theirs, rtol=0, atol=1e-12)
    assert np.array_equal(theirs[-3:], normal(V, D)[-3:])


def test_an_adam_that_is_not_lazy_moves_every_word_at_every_step():
    theirs = trained(Adam(lr=0.1), np.array, dense=True)
    np.testing.assert_allclose(trained(Adam(lr=0.1), to_gpu), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("Optimizer", [Adam, AdamW, SGD])
def test_an_optimizer_gives_what_it_gives_on_the_cpu(Optimizer):
    found = []
    for move in (np.array, to_gpu):
        optimizer, p = Optimizer(), [move(normal(300, 200)), move(normal(3)), move(normal())]
        for seed in range(4):
            optimizer.update(p, [move(normal(*a.shape, seed=seed)) for a in p])
        found.append([to_cpu(a) for a in p])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_what_is_not_finite_is_named():
    grads = [to_gpu(np.ones(3)), to_gpu(np.array([1, np.nan]))]
    with pytest.raises(FloatingPointError, match="gradient of b is not finite"):
        clip_grads(grads, 1.0, ["a", "b"])
