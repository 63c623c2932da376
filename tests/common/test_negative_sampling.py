"""Negative sampling: whom the sampler draws and how often, the loss by its definition, its gradients, bad input."""

import numpy as np
import pytest
from conftest import normal

from common.arrays.row_grad import touched_rows
from common.checking.gradient_check import check_layer
from common.negative_sampling import NegativeSamplingLoss, UnigramSampler
from common.optimizer import SGD

COUNTS = np.array([5, 0, 100, 1, 30])
V, H, N = 7, 4, 5
TARGET = np.array([0, 3, 3, 6, 1])
CORPUS = np.array([0, 1, 2, 3, 4, 5, 6, 0, 0, 3, 3, 3])


def made(dtype=np.float64, **how):
    return NegativeSamplingLoss(normal(V, H, dtype=dtype), CORPUS, **{"rng": 0, **how})


@pytest.mark.parametrize("power", [0, 0.75, 1])
def test_words_are_drawn_by_the_power_of_their_counts_and_never_the_positive_one(power):
    for positive in (0, 2, 4):
        weight = np.where(COUNTS > 0, COUNTS.astype(float) ** power, 0)
        weight[positive] = 0
        expected = 50_000 * weight / weight.sum()
        found = np.bincount(
            UnigramSampler(COUNTS, power, rng=1).draw(np.full(10_000, positive), 5).ravel(), minlength=5
        )
        assert found[expected == 0].sum() == 0
        chi_square = ((found - expected)[expected > 0] ** 2 / expected[expected > 0]).sum()
        assert chi_square < 16.3  # exceeded once in a thousand seeds with three degrees of freedom


def test_each_row_leaves_out_its_own_positive_word():
    target = np.arange(5).repeat(2000)
    found = UnigramSampler(COUNTS, rng=0).draw(target, 3)
    assert found.shape == (10_000, 3) and not (found == target[:, None]).any()
    assert {tuple(np.unique(found[target == w])) for w in (0, 4)} == {(2, 3, 4), (0, 2, 3)}


def test_a_word_beside_which_all_others_are_rare_is_still_left_out():
    counts = np.array([1, 10**15, 1])
    assert sorted(set(UnigramSampler(counts, power=2, rng=0).draw(np.full(1000, 1), 5).ravel())) == [0, 2]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64])
def test_the_positive_word_is_left_out_whatever_the_dtype_of_its_id(dtype):
    V = min(np.iinfo(dtype).max, 300) + 1  # the last id + 1 does not fit into the dtype
    target = np.array([V - 1, 0], dtype)
    found = UnigramSampler(np.ones(V), rng=0).draw(target, 500)
    assert found.min() >= 0 and found.max() < V and not (found == target.astype(int)[:, None]).any()
    layer = NegativeSamplingLoss(normal(V, H), counts=np.ones(V), rng=0)
    layer.forward(normal(2, H), target)
    layer.backward()
    assert {0, V - 1} < set(touched_rows(layer.grads[0]).tolist())


def test_draws_can_be_repeated():
    first, second = (UnigramSampler(COUNTS, rng=3).draw(np.zeros(20, int), 4) for _ in range(2))
    assert np.array_equal(first, second)
    sampler = UnigramSampler(COUNTS, rng=3)
    assert not np.array_equal(*(sampler.draw(np.zeros(20, int), 4) for _ in range(2)))


@pytest.mark.parametrize("sample_size", [1, 5, 20])
def test_every_gradient_is_that_of_central_differences(sample_size):
    check_layer(made(sample_size=sample_size), normal(N, H, seed=2), TARGET)


def test_gradients_of_weighted_examples_and_of_given_words_that_are_equal():
    check_layer(made(), normal(N, H, seed=2), TARGET, np.array([1.0, 0, 2, 0.5, 1]), constants=2)
    layer, h = made(), normal(N, H, seed=2)
    given = np.array(
        [[3, 3, 2], [0, 0, 0], [1, 2, 1], [6, 6, 0], [5, 4, 4]]
    )  # one is the positive word itself: allowed
    loss, dh = layer.forward(h, TARGET, negative_sample=given), layer.backward()
    W = layer.params[0]
    ids, t = np.column_stack((TARGET, given)), np.array([1, 0, 0, 0])
    y = 1 / (1 + np.exp(-np.einsum("nh,nkh->nk", h, W[ids])))
    assert loss == pytest.approx(-np.log(np.where(t, y, 1 - y)).sum() / N, rel=1e-12)
    dW, expected_dh = np.zeros_like(W), np.zeros_like(h)
    for n in range(N):
        for k in range(4):
            dW[ids[n, k]] += (y - t)[n, k] * h[n] / N
            expected_dh[n] += (y - t)[n, k] * W[ids[n, k]] / N
    np.testing.assert_allclose(np.asarray(layer.grads[0]), dW, rtol=0, atol=1e-12)
    np.testing.assert_allclose(dh, expected_dh, rtol=0, atol=1e-12)


def test_a_weight_of_2_counts_as_the_example_twice_and_one_of_0_not_at_all():
    layer, h, given = made(), normal(3, H), np.array([[1, 2], [5, 4], [0, 2]])
    weighted = layer.forward(h, TARGET[:3], np.array([2, 1, 0]), negative_sample=given), layer.backward()
    twice = [0, 0, 1]
    plain = layer.forward(h[twice], TARGET[twice], negative_sample=given[twice]), layer.backward()
    assert weighted[0] == pytest.approx(plain[0], rel=1e-12)
    np.testing.assert_allclose(weighted[1], [plain[1][:2].sum(axis=0), plain[1][2], np.zeros(H)], rtol=0, atol=1e-12)


def test_the_gradient_touches_the_rows_of_the_batch_and_backward_twice_gives_the_same():
    layer = NegativeSamplingLoss(normal(1000, H), np.arange(1000), rng=0)
    for seed in (0, 1):  # the rows of the batch before are empty again
        layer.forward(normal(N, H, seed=seed), TARGET)
        dh, dW = layer.backward(), np.array(layer.grads[0])
        rows = np.unique(np.append(layer.negative_sample, TARGET))
        assert np.array_equal(touched_rows(layer.grads[0]), rows) and not np.delete(dW, rows, axis=0).any()
        assert np.array_equal(layer.backward(), dh) and np.array_equal(layer.grads[0], dW)


def test_no_score_overflows_and_dtype_follows_the_weights():
    layer = made(np.float32)
    loss, dh = layer.forward(1e30 * normal(N, H), TARGET), layer.backward()
    assert np.isfinite(loss) and np.isfinite(dh).all() and loss > 1e25
    assert dh.dtype == layer.grads[0].dtype == np.float32
    small = made(np.float32).forward(np.zeros((N, H)), TARGET)
    assert small == pytest.approx(6 * np.log(2), rel=1e-6)  # 1 + sample_size words, each as likely as not


def test_training_learns_which_word_is_the_right_one():
    layer, h, losses = made(), normal(N, H, seed=2), []
    for _ in range(300):
        losses.append(layer.forward(h, TARGET))
        layer.backward()
        SGD(lr=1.0).update(layer.params, layer.grads)
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:20])
    assert np.array_equal((h @ layer.params[0].T).argmax(axis=1)[:1], TARGET[:1])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: UnigramSampler([4]), r"at least two words that occur, .*, got 1 among V = 1"),
        (lambda: UnigramSampler([0, 4, 0]), "got 1 among V = 3"),
        (lambda: UnigramSampler([]), "got 0 among V = 0"),
        (lambda: UnigramSampler([1, -1]), "expected finite counts, 0 or above, got -1.0"),
        (lambda: UnigramSampler([1, np.nan]), "expected finite counts"),
        (lambda: UnigramSampler([1, 2], power=-1), "expected power >= 0, got -1"),
        (lambda: UnigramSampler([1, 2]).draw(np.array([2]), 5), r"target: expected ids in \[0, 2\), got 2"),
        (lambda: made(sample_size=0), "a whole number for sample_size >= 1|sample_size >= 1, got 0"),
        (lambda: made(counts=np.ones(V)), "expected a corpus or counts=..., got both"),
        (lambda: NegativeSamplingLoss(normal(V, H)), "expected a corpus or counts=..., got neither"),
        (lambda: NegativeSamplingLoss(normal(3, H), CORPUS), r"corpus: expected ids in \[0, 3\), got 6"),
        (lambda: NegativeSamplingLoss(normal(3, H), counts=[1, 2]), r"counts: expected floats of shape \(3,\)"),
        (lambda: made().forward(normal(N, 3), TARGET), r"h: expected floats of shape \(N, 4\)"),
        (lambda: made().forward(normal(N, H), TARGET[:2]), r"target: expected integers of shape \(5,\)"),
        (lambda: made().forward(normal(N, H), TARGET, negative_sample=[[1]]), "negative_sample: expected integers of"),
        (lambda: made().backward(), "expected a forward before it"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, says):
    with pytest.raises(ValueError, match=says) as refused:
        call()
    assert len(str(refused.value).splitlines()) == 1
