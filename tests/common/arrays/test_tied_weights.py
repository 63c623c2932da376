"""Weights are tied by memory alone: which are found, and what becomes of their gradients."""

import numpy as np
import pytest

from common.arrays.row_grad import touched_rows
from common.arrays.tied_weights import TiedWeights, remove_duplicate
from common.layers import Affine, Embedding


def test_the_same_array_twice_is_one_parameter_and_its_gradients_add():
    W, b = np.ones((2, 3)), np.ones(3)
    g1, g2, gb = np.full((2, 3), 1.0), np.full((2, 3), 10.0), np.ones(3)
    params, grads = remove_duplicate([W, b, W], [g1, gb, g2])
    assert [p is q for p, q in zip(params, (W, b))] == [True, True] and len(params) == len(grads) == 2
    assert np.array_equal(grads[0], g1 + g2) and grads[1] is gb
    assert g1.max() == 1 and g2.max() == 10  # the layers' own stay


def test_a_transposed_view_is_the_same_parameter_also_of_a_square_matrix():
    for shape in ((2, 3), (3, 3)):
        W = np.arange(float(np.prod(shape))).reshape(shape)
        g, gT = np.arange(W.size * 1.0).reshape(shape), 10 * np.arange(W.size * 1.0).reshape(shape[::-1])
        params, grads = remove_duplicate([W, W.T], [g, gT])
        assert len(params) == 1 and np.array_equal(grads[0], g + gT.T)
        params, grads = remove_duplicate([W.T, W], [gT, g])
        assert params[0].shape == shape[::-1] and np.array_equal(grads[0], gT + g.T)


def test_three_uses_add_three_gradients():
    W = np.ones((2, 3))
    params, grads = remove_duplicate([W, W.T, W], [W * 1, W.T * 2, W * 4])
    assert len(params) == 1 and np.array_equal(grads[0], W * 7)


def test_two_gradients_that_can_know_their_rows_have_a_sum_that_can():
    """Adam, which asks for it once, at its first step, then keeps the steps that a row has missed."""
    W = np.ones((3, 2))
    first, second = Embedding(W), Embedding(W)
    first.grads[0][...] = 1  # written by other code: dense, until the next backward
    _, (total,) = remove_duplicate([W, W], [first.grads[0], second.grads[0]])
    assert touched_rows(total) is None and type(total) is type(first.grads[0]) and np.array_equal(total, W)
    _, (total,) = remove_duplicate([W, W], [first.grads[0], np.ones_like(W)])
    assert type(total) is np.ndarray


def test_equal_values_are_not_tied():
    W = np.ones((3, 3))
    params, grads = remove_duplicate([W, W.copy(), np.ones((3, 3)).T], [W * 1, W * 2, W * 3])
    assert len(params) == 3 and [g.max() for g in grads] == [1, 2, 3]


def test_parts_of_one_buffer_are_not_tied():
    buffer = np.zeros((6, 4))
    parts = [buffer[:3], buffer[3:], buffer[:2], buffer[:, :2], buffer[::2], buffer[:3, :3]]
    assert len(remove_duplicate(parts, [np.ones(p.shape) for p in parts])[0]) == len(parts)


def test_an_embedding_tied_with_the_output_layer_gets_the_sum_of_both_gradients():
    rng = np.random.default_rng(0)
    W = rng.standard_normal((5, 3))
    embed, head = Embedding(W), Affine(W.T, np.zeros(5))
    out = head.forward(embed.forward(np.array([1, 4, 1])))
    embed.backward(head.backward(np.ones_like(out)))
    params, grads = remove_duplicate(embed.params + head.params, embed.grads + head.grads)
    assert len(params) == 2
    np.testing.assert_array_equal(grads[0], np.array(embed.grads[0]) + head.grads[0].T)


def test_embeddings_that_share_weights_keep_to_their_touched_rows():
    W = np.random.default_rng(0).standard_normal((50, 3))
    layers = [Embedding(W), Embedding(W), Embedding(W)]
    dense = np.zeros_like(W)
    for layer, ids in zip(layers, ([4, 7, 4], [7], [9, 9])):
        layer.forward(np.array(ids))
        layer.backward(np.ones((len(ids), 3)))
        np.add.at(dense, ids, 1.0)
    params, (grad,) = remove_duplicate([layer.params[0] for layer in layers], [layer.grads[0] for layer in layers])
    assert params[0] is W and touched_rows(grad).tolist() == [4, 7, 9]
    assert np.array_equal(np.asarray(grad), dense)


def test_what_was_found_once_serves_every_step_of_the_same_arrays_and_of_no_others():
    W, b = np.ones((2, 3)), np.ones(3)
    tied = TiedWeights([W, b, W.T])
    assert tied.unique[0] is W and tied.unique[1] is b and len(tied.unique) == 2
    for scale in (1.0, 2.0):
        first, second = tied.sum_grads([scale * W, scale * b, scale * W.T])
        assert np.array_equal(first, 2 * scale * W) and np.array_equal(second, scale * b)
    params = [W, b]
    tied = TiedWeights(params)
    assert tied.fits([W, b]) and not tied.fits([W]) and not tied.fits([W, b.copy()]) and not tied.fits([b, W])
    with pytest.raises(ValueError, match="expected a gradient for each of 2 params, got 1"):
        tied.sum_grads([W])
    params.append(W.T)  # a list that grew is another list
    assert not tied.fits(params)
