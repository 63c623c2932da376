"""Losses that hold the output weights: the full softmax in chunks, and its sampled estimate."""

import itertools
import tracemalloc

import numpy as np
import pytest
from conftest import normal, prefix_mask

from common import sampled_softmax
from common.arrays.row_grad import touched_rows
from common.arrays.tied_weights import TiedWeights
from common.base_model import BaseModel
from common.checking.gradient_check import check_layer, check_model
from common.optimizer import SGD
from common.sampled_softmax import SampledSoftmaxWithLoss, TimeAffineSoftmaxWithLoss, TimeSampledSoftmaxWithLoss
from common.time_layers import TimeAffine, TimeEmbedding, TimeSoftmaxWithLoss

N, T, V, H = 3, 4, 7, 5
TS = np.array([[1, 4, 4, 0], [2, 1, 1, 1], [0, 0, 3, 4]])
MASKS = {
    "none": None,
    "lengths_1_to_T": prefix_mask([1, 4, 2], T),
    "holes": np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]], bool),
}
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
COUNTS = np.array([9, 1, 5, 3, 2, 1, 4])


def weights(dtype=np.float64):
    return normal(V, H, dtype=dtype), normal(V, seed=1, dtype=dtype)


def full():
    return TimeAffineSoftmaxWithLoss(*weights())


def sampled(num_sampled=3, counts=COUNTS, rng=0):
    return TimeSampledSoftmaxWithLoss(*weights(), num_sampled, counts, rng)


def evaluating(layer):
    layer.train_flg = False
    return layer


every_loss = pytest.mark.parametrize("make", [full, sampled, lambda: sampled(3, None), lambda: evaluating(sampled())])


# --- both -----------------------------------------------------------------------------------------------------


@every_loss
@every_mask
def test_gradients(make, mask):
    check_layer(make(), normal(N, T, H), TS, mask=mask)
    check_layer(make(), normal(N, T, H), np.where(TS == 4, -1, TS), mask=mask)
    weight = np.array([0.5, 2, 0])
    check_layer(make(), normal(N, T, H), TS, mask, weight, constants=3)
    check_layer(make(), normal(N, T, H), TS, mask, np.outer(weight, [1, 2, 3, 4]), constants=3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64])
def test_labels_without_a_sign_are_those_with_one(dtype):
    found, wanted = sampled(), sampled()
    assert found.forward(normal(N, T, H), TS.astype(dtype)) == wanted.forward(normal(N, T, H), TS)
    assert np.array_equal(found.backward(), wanted.backward())
    assert np.array_equal(touched_rows(found.grads[0]), touched_rows(wanted.grads[0]))


def test_a_true_word_of_probability_0_and_weight_0_costs_nothing():
    W, b = weights()
    b[4] = -np.inf
    weight = (TS != 4).astype(float)
    loss = TimeAffineSoftmaxWithLoss(W, b)
    assert np.isfinite(loss.forward(normal(N, T, H), TS, sample_weight=weight))
    assert np.isfinite(loss.backward()).all()
    assert loss.forward(normal(N, T, H), TS) == np.inf


def test_gradients_of_rows_without_time():
    for layer in (SampledSoftmaxWithLoss(*weights(), 3, COUNTS, 0), SampledSoftmaxWithLoss(*weights(), 2, None, 0)):
        check_layer(layer, normal(6, H), TS.ravel()[:6])
        check_layer(layer, normal(6, H), TS.ravel()[:6], np.arange(6.0), constants=2)


@pytest.mark.parametrize("make", [full, lambda: evaluating(sampled())])
@pytest.mark.parametrize("chunk", [1, 3 * V, 10**6])
@every_mask
def test_the_full_loss_is_that_of_an_affine_and_a_softmax(make, chunk, mask, monkeypatch):
    monkeypatch.setattr(sampled_softmax, "CHUNK", chunk)
    hs, ts, weight = normal(N, T, H), np.where(TS == 3, -1, TS), np.array([0.5, 2, 1])
    W, b = weights()
    fused, affine, softmax = make(), TimeAffine(W.T, b), TimeSoftmaxWithLoss()
    expected = softmax.forward(affine.forward(hs), ts, mask, weight)
    assert fused.forward(hs, ts, mask, weight) == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(fused.backward(-2), affine.backward(softmax.backward(-2)), rtol=0, atol=1e-13)
    np.testing.assert_allclose(fused.grads[0], affine.grads[0].T, rtol=0, atol=1e-13)
    np.testing.assert_allclose(fused.grads[1], affine.grads[1], rtol=0, atol=1e-13)


@every_loss
def test_where_no_step_counts_loss_and_gradients_are_zero(make):
    layer, hs = make(), np.full((N, T, H), np.nan)
    assert layer.forward(hs, np.full((N, T), -1)) == layer.forward(hs, TS, np.zeros((N, T), bool)) == 0
    assert not layer.backward().any() and not any(grad.any() for grad in layer.grads)


@every_loss
def test_no_gradient_is_kept_in_inference(make):
    layer = make()
    expected = layer.forward(normal(N, T, H), TS)
    layer = make()
    layer.inference = True
    assert layer.forward(normal(N, T, H), TS) == expected
    with pytest.raises(ValueError, match="backward: expected a forward before it, outside inference mode"):
        layer.backward()


def test_logits_of_ten_thousand_are_finite_and_the_dtype_is_that_of_the_weights():
    W = np.where(np.arange(V) == 0, 1e4, -1e4)[:, None] * np.ones((1, H))
    for make in (TimeAffineSoftmaxWithLoss, lambda W, b: TimeSampledSoftmaxWithLoss(W, b, 50, rng=0)):
        layer = make(W.astype(np.float32), np.zeros(V, np.float32))
        assert layer.forward(np.ones((N, T, H)), np.zeros((N, T), int)) == 0
        assert layer.forward(np.ones((N, T, H)), np.ones((N, T), int)) == pytest.approx(2e4 * H)
        assert layer.backward().dtype == np.float32 and np.isfinite(layer.backward()).all()


def test_labels_that_are_none_are_refused():
    for layer in (full(), sampled()):
        name = type(layer).__name__
        for ts, word in ((TS + 3, "ts: expected ids in"), (TS.astype(float), "ts: expected integers"), (TS[:1], "ts")):
            with pytest.raises(ValueError, match=f"{name}: {word}"):
                layer.forward(normal(N, T, H), ts)
        with pytest.raises(ValueError, match=rf"{name}: hs: expected floats of shape \(N, T, 5\)"):
            layer.forward(normal(N, T, H + 1), TS)
        with pytest.raises(ValueError, match=f"{name}: mask"):
            layer.forward(normal(N, T, H), TS, np.ones((N, T), int))
    rows = SampledSoftmaxWithLoss(*weights(), 3)
    for t in (TS[0, :2], TS[:, :1], 1):
        with pytest.raises(ValueError, match="SampledSoftmaxWithLoss: ts: expected integers"):
            rows.forward(normal(N, H), t)


# --- the sampled one ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [COUNTS[:4], None], ids=["unigram", "log-uniform"])
def test_the_estimated_denominator_has_no_bias(counts, monkeypatch):
    """Over all V^S draws, each with its probability: the mean of the estimate is the sum over all words."""
    W, b, h, label = normal(4, H), normal(4, seed=1), normal(1, H, seed=2), np.array([1])
    layer = SampledSoftmaxWithLoss(W, b, 3, counts)
    q = np.diff(layer.cumulative, prepend=0)
    middles = layer.cumulative - q / 2  # a uniform number from which each word is drawn
    truth = np.exp(h @ W.T + b)[0]
    mean = 0
    for draws in itertools.product(range(4), repeat=3):
        layer.rng = type("Fixed", (), {"random": lambda self, size, draws=draws: middles[list(draws)]})()
        estimate = np.exp(layer.forward(h, label)) * truth[1]  # loss = log(denominator / exp of the label's logit)
        mean += q[list(draws)].prod() * estimate
    assert mean == pytest.approx(truth.sum(), rel=1e-12)


def test_the_gradient_converges_to_that_of_the_full_softmax():
    W, b = normal(300, H) / 2, normal(300, seed=1) / 10
    h, t = normal(20, H, seed=2), np.arange(20)
    exact = evaluating(SampledSoftmaxWithLoss(W, b, 1))
    loss = exact.forward(h, t)
    dh, dW = exact.backward(), exact.grads[0].copy()
    errors = []
    for num_sampled in (10, 100, 1000, 100_000):
        found = []
        for seed in range(20):
            layer = SampledSoftmaxWithLoss(W, b, num_sampled, rng=seed)
            found.append((layer.forward(h, t) - loss, layer.backward() - dh, layer.grads[0] - dW))
        errors.append([np.abs(np.mean(error, axis=0)).max() for error in zip(*found)])
    errors = np.array(errors)  # (4, 3): of the mean of 20 draws
    assert (errors[1:] < 0.7 * errors[:-1]).all() and (errors[-1] < 1e-4).all()


def test_without_the_correction_there_would_be_a_bias():
    W, b, h, t = normal(300, H) / 2, np.zeros(300), normal(20, H, seed=2), np.arange(20)
    exact = evaluating(SampledSoftmaxWithLoss(W, b, 1)).forward(h, t)
    layer = SampledSoftmaxWithLoss(W, b, 100, rng=0)
    corrected = np.mean([layer.forward(h, t) for _ in range(20)])
    layer.log_expected[:] = 0
    uncorrected = np.mean([layer.forward(h, t) for _ in range(20)])
    assert abs(corrected - exact) < 0.05 < 0.5 < exact - uncorrected


def test_words_are_drawn_in_proportion_to_their_counts():
    layer = SampledSoftmaxWithLoss(*weights(), 5, [0, 1, 5, 3, 2, 1, 4])
    np.testing.assert_allclose(np.diff(layer.cumulative, prepend=0) * 17, [1, 1, 5, 3, 2, 1, 4])  # 0: as the rarest
    log_uniform = np.diff(SampledSoftmaxWithLoss(*weights(), 5).cumulative, prepend=0)
    np.testing.assert_allclose(log_uniform, np.log((np.arange(V) + 2) / (np.arange(V) + 1)) / np.log(V + 1))
    np.testing.assert_allclose(np.exp(layer.log_expected), 1 - (1 - np.array([1, 1, 5, 3, 2, 1, 4]) / 17) ** 5)


def test_only_the_words_of_the_batch_and_of_the_draw_are_touched():
    W, b = normal(1000, H), normal(1000, seed=1)
    layer = TimeSampledSoftmaxWithLoss(W, b, 20, rng=0)
    layer.forward(normal(N, T, H), TS)
    layer.backward()
    for grad in layer.grads:
        rows = touched_rows(grad)
        assert len(rows) <= 20 + 5 and set(TS.flat) <= set(rows.tolist())
        assert set(np.flatnonzero(np.asarray(grad).reshape(1000, -1).any(axis=1))) <= set(rows.tolist())
    before = W.copy(), b.copy()
    SGD(0.1).update(layer.params, layer.grads)
    for new, old in zip(layer.params, before):
        changed = set(np.flatnonzero((new != old).reshape(1000, -1).any(axis=1)))
        assert changed and changed <= set(rows.tolist())


def test_evaluation_between_two_steps_leaves_no_dense_gradient():
    layer = sampled()
    layer.train_flg = False
    layer.forward(normal(N, T, H), TS)
    layer.backward()
    assert touched_rows(layer.grads[0]) is None
    layer.train_flg = True
    layer.forward(normal(N, T, H), TS)
    layer.backward()
    untouched = np.setdiff1d(np.arange(V), touched_rows(layer.grads[0]))
    assert not np.asarray(layer.grads[0])[untouched].any()


class Tied(BaseModel):
    def __init__(self, W, b):
        super().__init__()
        self.embed, self.loss = TimeEmbedding(W), TimeSampledSoftmaxWithLoss(W, b, 5, rng=0)
        self.collect(embed=self.embed, loss=self.loss)

    def forward(self, xs, ts):
        return self.loss.forward(self.embed.forward(xs), ts)

    def backward(self):
        self.embed.backward(self.loss.backward())


def test_weights_tied_to_an_embedding_get_both_gradients_in_few_rows():
    check_model(Tied(*weights()), TS, (TS + 1) % V)
    model = Tied(normal(1000, H), np.zeros(1000))
    model.forward(TS, TS + 1)
    model.backward()
    tied = TiedWeights(model.params)
    assert len(tied.unique) == 2
    assert len(touched_rows(tied.sum_grads(model.grads)[0])) <= 5 + 6


def test_a_step_needs_no_memory_that_grows_with_the_vocabulary():
    peaks = []
    for size in (1000, 20_000):
        layer = TimeSampledSoftmaxWithLoss(normal(size, 16, dtype=np.float32), np.zeros(size, np.float32), 50, rng=0)
        hs = normal(8, 10, 16, dtype=np.float32)
        layer.forward(hs, np.zeros((8, 10), int))
        layer.backward()
        tracemalloc.start()
        layer.forward(hs, np.ones((8, 10), int))
        layer.backward()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    ("num_sampled", "counts", "rng", "word"),
    [
        (0, None, None, "expected num_sampled >= 1, got 0"),
        (2.5, None, None, "a whole number for num_sampled"),
        (5, COUNTS[:3], None, r"counts: expected floats of shape \(7,\)"),
        (5, -COUNTS, None, "counts: expected finite counts, 0 or above"),
        (5, 0 * COUNTS, None, "counts: expected finite counts, 0 or above"),
        (5, COUNTS * np.nan, None, "counts: expected finite counts, 0 or above"),
        (5, None, "seed", "as rng"),
    ],
)
def test_arguments_that_cannot_be_are_refused(num_sampled, counts, rng, word):
    with pytest.raises(ValueError, match=f"SampledSoftmaxWithLoss: .*{word}"):
        SampledSoftmaxWithLoss(*weights(), num_sampled, counts, rng)
