"""Adversarial training: the step raises the loss, the gradients are those of both readings."""

import numpy as np
import pytest

from ch_sentiment.model import sentiment_net
from common.optimizer import Adam
from common.trainer import Trainer, evaluate
from common.training.adversarial import AdversarialTraining

XS = np.array([[2, 3, 4, 5], [3, 2, 0, 0], [5, 5, 2, 0]])
TS = np.array([0, 1, 1])


def net64(**how):
    net = sentiment_net(6, 3, 4, bidirectional=True, pool="max-mean", pair_size=2, num_pairs=1, dtype=np.float64, **how)
    net.words.pair_embed.pairs[...] = 2 * 6 + 3
    rng = np.random.default_rng(1)
    for p in net.params:
        p += 0.4 * rng.standard_normal(p.shape)
    return net


def both_losses(net, epsilon):
    """The definition, by hand: the loss, that after the step, and the step itself."""
    vectors, mask = net.vectors(XS)
    loss = net.read(vectors, mask, TS)
    d = net.read_backward()
    step = epsilon * d / np.linalg.norm(d.reshape(len(d), -1), axis=1)[:, None, None]
    return loss, net.read(vectors + step, mask, TS), step


def test_the_loss_is_the_mean_of_both_readings_and_the_step_raises_it():
    net = net64(rng=0)
    plain, moved, step = both_losses(net, 0.5)
    trained = AdversarialTraining(net, 0.5)
    assert trained.forward(XS, TS) == pytest.approx((plain + moved) / 2, rel=1e-12) and moved > plain
    np.testing.assert_allclose(np.linalg.norm(step.reshape(3, -1), axis=1), 0.5)
    assert not step[XS == 0].any()  # the padding is not moved
    random = np.random.default_rng(0).standard_normal(step.shape) * (XS != 0)[:, :, None]
    random *= 0.5 / np.linalg.norm(random.reshape(3, -1), axis=1)[:, None, None]
    vectors, mask = net.vectors(XS)
    assert net.read(vectors + random, mask, TS) < moved  # no other direction of that length hurts as much


@pytest.mark.parametrize("dout", [1, 0.3])
def test_gradients_are_those_of_both_readings_with_the_step_held(dout):
    net = net64(rng=0)
    trained = AdversarialTraining(net, 0.5)
    _, _, step = both_losses(net, 0.5)
    trained.forward(XS, TS)
    trained.backward(dout)
    grads = [g.copy() for g in trained.grads]
    trained.backward(dout)
    assert all(np.array_equal(a, b) for a, b in zip(grads, trained.grads))

    def loss():
        vectors, mask = net.vectors(XS)
        return (net.read(vectors, mask, TS) + net.read(vectors + step, mask, TS)) / 2

    rng = np.random.default_rng(2)
    for name, p, g in zip(net.param_names, net.params, grads):
        direction = rng.standard_normal(p.shape)
        kept, h = p.copy(), 1e-6
        p[...] = kept + h * direction
        up = loss()
        p[...] = kept - h * direction
        slope = dout * (up - loss()) / (2 * h)
        p[...] = kept
        assert (g * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-9), name


def test_a_frozen_embedding_stays_and_the_rest_learns():
    net = net64(rng=0, embed_W=np.ones((6, 3)), freeze_embedding=True)
    before = {name: w.copy() for name, w in net.weights().items()}
    Trainer(AdversarialTraining(net, 0.1), Adam(0.01), [], 0).fit(XS, TS, 3, 2)
    same = {name for name, w in net.weights().items() if np.array_equal(w, before[name])}
    assert same == {"embed.W", "pair_embed.pairs"}


def test_outside_of_training_it_is_the_net():
    net = net64(rng=0, dropout=0.4)
    trained = AdversarialTraining(net, 0.5)
    found = evaluate(trained, XS, TS)
    assert found == evaluate(net, XS, TS) and found["accuracy"] is not None
    assert trained.weights() is not None and list(trained.weights()) == list(net.weights())


def test_dropout_drops_the_same_in_both_readings_of_the_vectors():
    net = net64(rng=0, dropout=0.0, embed_dropout=0.5)
    trained = AdversarialTraining(net, 1e-9)
    trained.train(True)
    vectors = []
    read = net.read
    net.read = lambda *a: vectors.append(a[0]) or read(*a)
    trained.forward(XS, TS)
    np.testing.assert_allclose(*vectors, atol=1e-8)
    assert (vectors[0] == 0).mean() > 0.3


def test_a_text_without_a_gradient_is_not_moved_into_nan():
    net = net64(rng=0)
    net.head.params[0][...] = 0
    trained = AdversarialTraining(net, 0.5)
    assert np.isfinite(trained.forward(XS, TS))
    trained.backward()
    assert all(np.isfinite(g).all() for g in trained.grads)


def test_no_step_is_no_adversary():
    for epsilon in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="AdversarialTraining: expected epsilon > 0"):
            AdversarialTraining(net64(), epsilon)
