"""Layers and losses over sequences: pads have no say, labels that do not count cost nothing."""

import tracemalloc

import numpy as np
import pytest
from conftest import normal, prefix_mask, run

from common import time_layers
from common.checking.gradient_check import check_layer
from common.layers import SoftmaxWithLoss
from common.time_layers import (
    Simple_TimeAffine,
    Simple_TimeSoftmaxWithLoss,
    TimeAffine,
    TimeDropout,
    TimeEmbedding,
    TimeSigmoidWithLoss,
    TimeSoftmaxWithLoss,
)

N, T, V = 3, 4, 5
IDS = np.array([[1, 4, 4, 0], [2, 1, 1, 1], [0, 0, 3, 4]])
MASKS = {
    "lengths_1_to_T": prefix_mask([1, 4, 2], T),
    "holes": np.array([[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]], bool),
}
every_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
every_loss = pytest.mark.parametrize("Loss", [TimeSoftmaxWithLoss, Simple_TimeSoftmaxWithLoss, TimeSigmoidWithLoss])


@pytest.mark.parametrize("Loss", [TimeSoftmaxWithLoss, Simple_TimeSoftmaxWithLoss])
def test_a_true_class_of_probability_0_and_weight_0_costs_nothing(Loss):
    xs, ts, weight, loss = normal(N, T, V), np.full((N, T), 2), np.ones((N, T)), Loss()
    xs[0, 1, 2], weight[0, 1] = -np.inf, 0
    found = loss.forward(xs, ts, sample_weight=weight)
    xs[0, 1, 2] = 0
    assert np.isclose(found, loss.forward(xs, ts, sample_weight=weight), rtol=1e-12)
    xs[0, 1, 2], weight[0, 1] = -np.inf, 1
    assert loss.forward(xs, ts, sample_weight=weight) == np.inf


@pytest.mark.parametrize("weight", [None, np.ones((2, 3))])
def test_what_float32_logits_cost_is_summed_without_overflow(weight):
    xs, loss = np.zeros((2, 3, 2), "f"), TimeSoftmaxWithLoss()
    xs[..., 0] = 2e38
    assert np.isclose(loss.forward(xs, np.ones((2, 3), int), sample_weight=weight), 2e38)


def test_labels_that_are_words_are_refused():
    with pytest.raises(ValueError, match=r"^TimeSoftmaxWithLoss: ts: expected integers of shape \(1, 2\), got <U3 of"):
        TimeSoftmaxWithLoss().forward(np.ones((1, 2, 3)), [["one", "two"]])


def test_the_books_address_brings_every_name():
    for name in time_layers.__all__:
        assert hasattr(time_layers, name)


# --- the plain forms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [None, *MASKS.values()], ids=["none", *MASKS])
def test_the_plain_affine_gives_what_the_fast_one_gives(mask):
    plain, fast = (Layer(normal(4, 5), normal(5, seed=1)) for Layer in (Simple_TimeAffine, TimeAffine))
    results = [run(layer, normal(N, T, 4), mask) for layer in (plain, fast)]
    for ours, theirs in zip((*results[0][:2], *results[0][2]), (*results[1][:2], *results[1][2]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("mask", [None, *MASKS.values()], ids=["none", *MASKS])
@pytest.mark.parametrize("ignored", [False, True])
def test_the_plain_softmax_loss_gives_what_the_fast_one_gives(ignored, mask):
    xs, ts = normal(N, T, V), np.where(IDS == 4, -1, IDS) if ignored else IDS
    plain, fast = Simple_TimeSoftmaxWithLoss(), TimeSoftmaxWithLoss()
    assert plain.forward(xs, ts, mask) == pytest.approx(fast.forward(xs, ts, mask), abs=1e-14)
    np.testing.assert_allclose(plain.backward(-3), fast.backward(-3), rtol=0, atol=1e-14)


# --- TimeEmbedding -----------------------------------------------------------------------------------------


@every_mask
def test_time_embedding_gradients_with_repeated_ids(mask):
    check_layer(TimeEmbedding(normal(V, 2)), IDS, mask=mask)
    check_layer(TimeEmbedding(normal(V, 2)), IDS)


@every_mask
@pytest.mark.parametrize("rubbish", [-1, V, 2**40, 3])
def test_ids_in_the_pads_change_no_bit(mask, rubbish):
    results = []
    for ids in (IDS, np.where(mask, IDS, rubbish)):
        layer = TimeEmbedding(normal(V, 2))
        out = layer.forward(ids, mask)
        layer.backward(normal(N, T, 2, seed=1))
        results.append((out, np.array(layer.grads[0])))
    for ours, theirs in zip(*results):
        assert ours.tobytes() == theirs.tobytes()
    assert not results[0][0][~mask].any()
    assert np.array_equal(results[0][0][mask], normal(V, 2)[IDS[mask]])


@every_mask
def test_the_gradient_that_reaches_a_pad_is_dropped(mask):
    layer = TimeEmbedding(normal(V, 2))
    layer.forward(IDS, mask)
    layer.backward(np.where(mask[:, :, None], 1.0, np.nan) * np.ones((N, T, 2)))
    assert np.asarray(layer.grads[0])[:, 0].tolist() == np.bincount(IDS[mask], minlength=V).tolist()


def test_a_forward_without_a_mask_forgets_the_mask_before():
    layer = TimeEmbedding(normal(V, 2))
    layer.forward(IDS, MASKS["holes"])
    layer.forward(IDS)
    layer.backward(np.ones((N, T, 2)))
    assert np.asarray(layer.grads[0])[:, 0].tolist() == np.bincount(IDS.ravel(), minlength=V).tolist()


@pytest.mark.parametrize("mask", [None, np.ones((N, T), bool)], ids=["none", "full"])
def test_time_embedding_refuses_what_is_no_id(mask):
    layer = TimeEmbedding(normal(V, 2))
    for bad, got in ((IDS.astype(float), "float64"), (IDS == 1, "bool"), (IDS + 1, "got 5"), (IDS - 1, "got -1")):
        with pytest.raises(ValueError, match=f"TimeEmbedding: .*expected .*{got}"):
            layer.forward(bad, mask)
    layer.forward(IDS, mask)
    for shape in ((N, T, 1), (N, T), (1, T, 2), (N * T, 2)):
        with pytest.raises(ValueError, match=r"TimeEmbedding: dout: expected floats of shape \(3, 4, 2\)"):
            layer.backward(np.ones(shape))


@pytest.mark.parametrize("mask", [np.ones((N, T), int), np.ones((N, T + 1), bool), np.ones(T, bool)])
def test_time_embedding_refuses_a_wrong_mask(mask):
    with pytest.raises(ValueError, match=r"TimeEmbedding: mask: expected bools of shape \(3, 4\), got"):
        TimeEmbedding(normal(V, 2)).forward(IDS, mask)


# --- TimeAffine, TimeDropout -------------------------------------------------------------------------------


@every_mask
def test_time_affine_is_zero_at_the_pads_and_an_affine_elsewhere(mask):
    W, b, xs = normal(4, 5), normal(5, seed=1), normal(N, T, 4)
    out = TimeAffine(W, b).forward(xs, mask)
    assert not out[~mask].any()
    np.testing.assert_allclose(out[mask], xs[mask] @ W + b, atol=1e-14)


@every_mask
def test_time_affine_takes_no_gradient_from_the_pads(mask):
    layer = TimeAffine(normal(4, 5), normal(5))
    layer.forward(normal(N, T, 4), mask)
    layer.backward(np.where(mask[:, :, None], 1.0, np.nan) * np.ones((N, T, 5)))
    assert layer.grads[1].tolist() == [mask.sum()] * 5


def test_time_dropout_scales_what_it_keeps_and_clears_the_pads():
    mask = MASKS["holes"]
    layer = TimeDropout(0.5, rng=0)
    out = layer.forward(np.ones((N, T, 50)), mask)
    assert set(np.unique(out[mask])) == {0, 2}
    assert not out[~mask].any()
    assert np.array_equal(layer.backward(np.ones((N, T, 50))), out)


# --- TimeSoftmaxWithLoss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("Loss", [TimeSoftmaxWithLoss, Simple_TimeSoftmaxWithLoss])
@every_mask
@pytest.mark.parametrize("ignored", [False, True])
def test_time_softmax_loss_gradients(mask, ignored, Loss):
    ts = np.where(IDS == 4, -1, IDS) if ignored else IDS
    check_layer(Loss(), normal(N, T, V), ts, mask=mask)
    check_layer(Loss(), normal(N, T, V), ts)


def test_time_softmax_loss_is_the_mean_over_the_steps_that_count():
    mask, xs = MASKS["holes"], normal(N, T, V)
    ts = np.where(IDS == 4, -1, IDS)
    real = mask & (ts != -1)
    assert TimeSoftmaxWithLoss().forward(xs, ts, mask) == pytest.approx(SoftmaxWithLoss().forward(xs[real], ts[real]))


def test_time_softmax_loss_takes_one_hot_labels():
    xs, mask = normal(N, T, V), MASKS["holes"]
    ids, one_hot = TimeSoftmaxWithLoss(), TimeSoftmaxWithLoss()
    assert one_hot.forward(xs, np.eye(V)[IDS], mask) == pytest.approx(ids.forward(xs, IDS, mask), rel=1e-12)
    np.testing.assert_allclose(one_hot.backward(), ids.backward(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mask", [None, *MASKS.values()], ids=["none", *MASKS])
@pytest.mark.parametrize("chunk", [1, 2 * V, 3 * V + 1])
def test_time_softmax_loss_in_several_chunks_is_that_in_one(chunk, mask, monkeypatch):
    xs, ts, weight = normal(N, T, V), np.where(IDS == 4, -1, IDS), np.array([0.5, 2, 1])
    whole, parts = TimeSoftmaxWithLoss(), TimeSoftmaxWithLoss()
    loss = whole.forward(xs, ts, mask, weight)
    dxs = whole.backward()
    monkeypatch.setattr(time_layers, "CHUNK", chunk)
    check_layer(TimeSoftmaxWithLoss(), xs, ts, mask=mask)
    assert parts.forward(xs, ts, mask, weight) == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(parts.backward(), dxs, rtol=0, atol=1e-14)


def test_time_softmax_loss_of_many_classes_needs_little_memory_beside_its_gradient():
    xs, ts, loss = normal(8, 10, 10_000, dtype=np.float32), np.zeros((8, 10), int), TimeSoftmaxWithLoss()
    tracemalloc.start()
    try:
        for count in (10, 7):  # all steps count, and some of them
            loss.forward(xs, ts, np.arange(10) < count + np.zeros((8, 1), int))
            in_forward = tracemalloc.get_traced_memory()[1]
            loss.backward()
            in_backward = tracemalloc.get_traced_memory()[1]
            assert in_forward < xs.nbytes and in_backward < 2 * xs.nbytes
            tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("Loss", [TimeSoftmaxWithLoss, Simple_TimeSoftmaxWithLoss])
@pytest.mark.parametrize("how", ["ignored", "masked"])
def test_where_no_step_counts_loss_and_gradient_are_zero(how, Loss):
    xs = np.full((N, T, V), np.nan)
    loss = Loss()
    if how == "ignored":
        assert loss.forward(xs, np.full((N, T), -1)) == 0
    else:
        assert loss.forward(xs, IDS, np.zeros((N, T), bool)) == 0
    assert loss.backward().shape == (N, T, V)
    assert not loss.backward().any()


@pytest.mark.parametrize("ignore_label", [-1, 0, 99])
def test_the_ignored_label_may_be_another(ignore_label):
    xs, loss, usual = normal(N, T, V), TimeSoftmaxWithLoss(), TimeSoftmaxWithLoss()
    loss.ignore_label = ignore_label
    ts = np.where(MASKS["holes"], np.maximum(IDS, 1), ignore_label)
    expected = pytest.approx(usual.forward(xs, np.maximum(IDS, 1), MASKS["holes"]), rel=1e-12)
    assert loss.forward(xs, ts) == expected
    assert loss.forward(xs, ts.tolist(), np.ones((N, T), bool)) == expected
    np.testing.assert_allclose(loss.backward(), usual.backward(), rtol=0, atol=1e-12)


@every_mask
@every_loss
def test_logits_and_labels_in_the_pads_change_no_bit(Loss, mask):
    xs, ts = (normal(N, T, V), IDS) if Loss is not TimeSigmoidWithLoss else (normal(N, T), IDS % 2)
    clean, dirty = Loss(), Loss()
    expected = clean.forward(xs, ts, mask)
    for rubbish, label in ((np.nan, -5), (np.inf, 10**6), (-np.inf, 1)):
        spoilt = np.where(mask[:, :, None] if xs.ndim == 3 else mask, xs, rubbish)
        assert dirty.forward(spoilt, np.where(mask, ts, label), mask) == expected
        assert dirty.backward().tobytes() == clean.backward().tobytes()
    assert not clean.backward()[~mask].any()
    assert clean.backward()[mask].all()


@every_loss
def test_more_pads_change_a_time_loss_by_no_more_than_rounding(Loss):
    mask = MASKS["lengths_1_to_T"]
    xs, ts = (normal(N, T, V), IDS) if Loss is not TimeSigmoidWithLoss else (normal(N, T), IDS % 2)
    wide_xs = np.concatenate((xs, np.full((N, 3, *xs.shape[2:]), np.nan)), axis=1)
    wide_ts, wide_mask = np.hstack((ts, np.full((N, 3), 77))), np.hstack((mask, np.zeros((N, 3), bool)))
    loss, wide = Loss(), Loss()
    assert wide.forward(wide_xs, wide_ts, wide_mask) == pytest.approx(loss.forward(xs, ts, mask), abs=1e-12)
    np.testing.assert_allclose(wide.backward()[:, :T], loss.backward(), rtol=0, atol=1e-12)
    assert not wide.backward()[:, T:].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_time_losses_of_ten_thousand_are_finite_and_keep_the_dtype(dtype):
    xs = np.where(np.arange(V) == 0, 1e4, -1e4) * np.ones((N, T, 1))
    loss = TimeSoftmaxWithLoss()
    assert loss.forward(xs.astype(dtype), np.zeros((N, T), int)) == 0
    assert loss.forward(xs.astype(dtype), np.ones((N, T), int)) == pytest.approx(2e4)
    assert loss.backward().dtype == dtype
    assert np.isfinite(loss.backward()).all()
    loss = TimeSigmoidWithLoss()
    assert loss.forward(np.array([[1e4, -1e4]], dtype), np.array([[1, 0]])) == 0
    assert loss.forward(np.array([[1e4, -1e4]], dtype), np.array([[0, 1]])) == pytest.approx(1e4)
    np.testing.assert_allclose(loss.backward(), [[0.5, -0.5]])
    assert loss.backward().dtype == dtype


@every_loss
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "ts", [np.zeros(T, int), np.zeros((1, T), int), np.zeros((N, 1), int), 0, np.zeros((N, T + 1), int)]
)
def test_labels_that_would_broadcast_are_refused(Loss, masked, ts):
    xs = normal(N, T, V) if Loss is not TimeSigmoidWithLoss else normal(N, T)
    with pytest.raises(ValueError, match=rf"{Loss.__name__}: ts: expected integers of shape \(3, 4\), got"):
        Loss().forward(xs, ts, MASKS["holes"] if masked else None)


@every_loss
@pytest.mark.parametrize("masked", [False, True])
def test_labels_out_of_range_or_no_integers_are_refused(Loss, masked):
    xs = normal(N, T, V) if Loss is not TimeSigmoidWithLoss else normal(N, T)
    mask = np.ones((N, T), bool) if masked else None
    for ts in (np.full((N, T), V), np.full((N, T), -2), np.zeros((N, T))):
        with pytest.raises(ValueError, match=f"{Loss.__name__}: ts: expected"):
            Loss().forward(xs, ts, mask)
    with pytest.raises(ValueError, match=f"{Loss.__name__}: xs: expected"):
        Loss().forward(xs[0], IDS, mask)
    with pytest.raises(ValueError, match=f"{Loss.__name__}: mask: expected"):
        Loss().forward(xs, IDS % 2, np.ones((N, T), int))


# --- TimeSigmoidWithLoss -----------------------------------------------------------------------------------


@every_mask
def test_time_sigmoid_loss_gradients(mask):
    check_layer(TimeSigmoidWithLoss(), normal(N, T), IDS % 2, mask=mask)
    check_layer(TimeSigmoidWithLoss(), normal(N, T), IDS % 2)


def test_time_sigmoid_loss_is_the_mean_over_the_real_steps():
    xs, ts, mask = normal(N, T), IDS % 2, MASKS["holes"]
    p = 1 / (1 + np.exp(-xs))
    expected = -np.log(np.where(ts == 1, p, 1 - p))[mask].mean()
    assert TimeSigmoidWithLoss().forward(xs, ts, mask) == pytest.approx(expected)
    assert TimeSigmoidWithLoss().forward(xs, ts, mask.tolist()) == pytest.approx(expected)


def test_time_sigmoid_loss_of_no_real_step_is_zero():
    loss = TimeSigmoidWithLoss()
    assert loss.forward(np.full((N, T), np.nan), IDS, np.zeros((N, T), bool)) == 0
    assert not loss.backward().any()


@every_loss
def test_backward_of_a_time_loss_scales_by_dout_and_may_be_called_twice(Loss):
    xs = normal(N, T, V) if Loss is not TimeSigmoidWithLoss else normal(N, T)
    loss = Loss()
    loss.forward(xs, IDS % 2, MASKS["holes"])
    first = loss.backward()
    kept = first.copy()
    assert np.array_equal(loss.backward(), kept)
    np.testing.assert_allclose(loss.backward(-3), -3 * kept)
    loss.forward(xs[:1], IDS[:1] % 2)
    loss.backward()
    assert np.array_equal(first, kept)


# --- sample weights ----------------------------------------------------------------------------------------


def of_steps(Loss):
    return (normal(N, T, V), IDS) if Loss is not TimeSigmoidWithLoss else (normal(N, T), IDS % 2)


@every_loss
@pytest.mark.parametrize("mask", [None, *MASKS.values()], ids=["none", *MASKS])
@pytest.mark.parametrize("shape", [(N,), (N, T)], ids=["rows", "steps"])
def test_weights_of_rows_or_steps_weigh_the_loss_of_each(Loss, mask, shape):
    (xs, ts), weight = of_steps(Loss), np.abs(normal(*shape, seed=3))
    real = np.ones((N, T), bool) if mask is None else mask
    loss, of_step = 0.0, np.broadcast_to(weight.reshape(N, -1), (N, T))
    for i, j in zip(*np.nonzero(real)):
        loss += of_step[i, j] * Loss().forward(xs[i : i + 1, j : j + 1], ts[i : i + 1, j : j + 1])
    assert Loss().forward(xs, ts, mask, weight) == pytest.approx(loss / real.sum(), rel=1e-12)
    check_layer(Loss(), xs, ts, mask, weight, constants=(3,) if mask is None else (2, 3))


@every_loss
def test_weights_in_the_padding_have_no_say_and_others_that_are_none_are_refused(Loss):
    (xs, ts), mask = of_steps(Loss), MASKS["lengths_1_to_T"]
    weight = np.abs(normal(N, T, seed=3))
    loss = Loss().forward(xs, ts, mask, weight)
    assert Loss().forward(xs, ts, mask, np.where(mask, weight, np.nan)) == loss
    refused = "sample_weight: expected finite weights, 0 or above, got"
    for wrong in (-weight, np.where(mask, np.inf, weight), [1, -1, 1]):
        with pytest.raises(ValueError, match=f"{Loss.__name__}: {refused}"):
            Loss().forward(xs, ts, mask, wrong)
    for shape in ((T,), (N + 1,), (N, T + 1), (N, T, 1), ()):
        with pytest.raises(ValueError, match=f"{Loss.__name__}: sample_weight: expected floats of shape"):
            Loss().forward(xs, ts, mask, np.ones(shape))
