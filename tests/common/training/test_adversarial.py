"""Adversarial training: the step raises the loss, the gradients are those of both readings."""

import numpy as np
import pytest
from conftest import normal

from ch_sentiment.model import sentiment_net
from common.base_model import BaseModel
from common.layers import Affine, SoftmaxWithLoss
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


def test_weights_count_in_both_readings_and_leave_the_steps_as_they_are():
    net, weight = net64(rng=0), np.array([0.5, 2.0, 1.0])
    _, _, step = both_losses(net, 0.5)
    trained = AdversarialTraining(net, 0.5)
    loss = trained.forward(XS, TS, sample_weight=weight)
    vectors, mask = net.vectors(XS)
    by_hand = net.read(vectors, mask, TS, weight) + net.read(vectors + step, mask, TS, weight)
    assert loss == pytest.approx(by_hand / 2, rel=1e-9)
    assert loss != pytest.approx(trained.forward(XS, TS), rel=1e-3)


def test_a_frozen_embedding_stays_and_the_rest_learns():
    net = net64(rng=0, embed_W=np.ones((6, 3)), freeze_embedding=True)
    before = {name: w.copy() for name, w in net.weights().items()}
    Trainer(AdversarialTraining(net, 0.1), Adam(0.01), [], 0).fit(XS, TS, 3, 2)
    same = {name for name, w in net.weights().items() if np.array_equal(w, before[name])}
    assert same == {"embed.W", "pair_embed.pairs"}


def test_outside_of_training_it_is_the_model():
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


def test_a_step_of_no_length_is_refused():
    for epsilon in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="AdversarialTraining: expected epsilon > 0"):
            AdversarialTraining(net64(), epsilon)


class Bag(BaseModel):
    """A model in two halves that knows nothing of sentiment: dense vectors, one layer in each half."""

    def __init__(self):
        super().__init__()
        self.table, self.head = Affine(normal(6, 3), np.zeros(3)), Affine(normal(3, 2), np.zeros(2))
        self.loss_layer = SoftmaxWithLoss()
        self.collect(table=self.table, head=self.head)

    def vectors(self, xs):
        self.N, self.T = xs.shape
        rows = self.table.forward(np.eye(6)[xs.reshape(-1)])  # (N, T) -> (N T, V) @ (V, D) -> (N T, D)
        return rows.reshape(self.N, self.T, 3), xs != 0

    def read(self, vectors, mask, ts):
        self.mask = mask[:, :, None]
        self.scores = self.head.forward((vectors * self.mask).sum(axis=1))  # (N, T, D) -> (N, D) @ (D, C) -> (N, C)
        return self.loss_layer.forward(self.scores, ts)

    def read_backward(self, dout=1):
        return self.head.backward(self.loss_layer.backward(dout))[:, None] * self.mask  # (N, D) -> (N, T, D)

    def vectors_backward(self, dvectors):
        self.table.backward(dvectors.reshape(-1, 3))


def test_any_model_in_two_halves_can_be_trained_so():
    model = Bag()
    trained = AdversarialTraining(model, 0.3)
    vectors, mask = model.vectors(XS)
    plain = model.read(vectors, mask, TS)
    d = model.read_backward()
    step = 0.3 * d / np.linalg.norm(d.reshape(len(d), -1), axis=1)[:, None, None]
    moved = model.read(vectors + step, mask, TS)
    assert trained.forward(XS, TS) == pytest.approx((plain + moved) / 2, rel=1e-12)
    trained.backward()
    grads = [g.copy() for g in trained.grads]
    for p, g in zip(model.params, grads, strict=True):
        direction, before, h = normal(*p.shape), p.copy(), 1e-6
        losses = []
        for sign in (1, -1):
            p[...] = before + sign * h * direction
            vectors, mask = model.vectors(XS)
            losses.append((model.read(vectors, mask, TS) + model.read(vectors + step, mask, TS)) / 2)
            p[...] = before
        assert (g * direction).sum() == pytest.approx((losses[0] - losses[1]) / (2 * h), rel=1e-6)


def test_its_switches_are_those_of_the_model():
    trained = AdversarialTraining(net64(rng=0, dropout=0.4), 0.5)
    with trained.predicting():
        assert not trained.model.training and not trained.model.head_dropout.train_flg
    assert trained.model.training and trained.model.head_dropout.train_flg
