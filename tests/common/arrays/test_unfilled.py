"""Generators with which a net's weights are not drawn: its shapes alone, or memory that is still to be filled."""

import tracemalloc

import numpy as np
import pytest

from ch_sentiment.model import CELLS, sentiment_net
from common.arrays.initializers import forget_bias_one, gate_blocks, normal, ones, orthogonal, xavier, zeros
from common.arrays.layer import grads_are_made
from common.arrays.unfilled import ShapesOnly, Unfilled, unfilled

INITIALIZERS = {
    "normal": lambda rng: normal(3, 4, 0.1, rng),
    "xavier": lambda rng: xavier(3, 4, rng, np.float64),
    "orthogonal": lambda rng: orthogonal(3, rng),
    "gate_blocks": lambda rng: gate_blocks(xavier, 4, 3, 5, rng=rng),
    "gates of orthogonal": lambda rng: gate_blocks(orthogonal, 3, 5, rng=rng),
    "zeros": lambda rng: zeros((3,), rng, np.int64),
    "ones": lambda rng: ones((3,), rng),
    "forget_bias_one": lambda rng: forget_bias_one(2, rng=rng),
}


@pytest.mark.parametrize("made", INITIALIZERS.values(), ids=INITIALIZERS)
@pytest.mark.parametrize("kind", [Unfilled, ShapesOnly])
def test_shapes_and_dtypes_are_those_of_what_is_drawn(kind, made):
    found, wanted = made(unfilled(kind)), made(np.random.default_rng(0))
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_net_of_any_size_is_built_without_memory(cell, bidirectional):
    both = bidirectional and cell != "transformer"
    how = {"bidirectional": both, "pool": "attention", "pair_size": 3, "num_pairs": 10**7}
    sentiment_net(4, 4, 4, cell, rng=0, **{**how, "num_pairs": 1})
    tracemalloc.start()
    net = sentiment_net(10**7, 10**6, 10**6, cell, rng=unfilled(ShapesOnly), **how)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 17 and net.weights()["embed.W"].shape == (10**7, 10**6)


def test_dropout_draws_what_it_would_draw_otherwise():
    xs, ts = np.arange(1, 9).reshape(2, 4), np.array([0, 1])
    nets = [sentiment_net(9, 4, 4, dropout=0.5, rng=rng) for rng in (0, unfilled(Unfilled))]
    for mine, drawn in zip(nets[1].weights().values(), nets[0].weights().values()):
        assert not mine.any()
        mine[...] = drawn
    assert nets[0].forward(xs, ts) == nets[1].forward(xs, ts)


def test_gradients_are_made_when_they_are_asked_for_and_stay_the_same():
    net = sentiment_net(9, 4, 4, bidirectional=True, pair_size=2, num_pairs=3, rng=0)
    net.predict(np.array([[1, 2, 3]]))
    assert not grads_are_made(net) and not any(grads_are_made(layer) for layer in net.below if layer.params)
    grads = net.grads
    assert grads is net.grads and all(not g.any() and g.shape == p.shape for g, p in zip(grads, net.params))
    net.forward(np.array([[1, 2, 3]]), np.array([1]))
    net.backward()
    assert all(g is h for g, h in zip(grads, net.grads)) and all(g.any() for g in grads[:1])
