"""Many to one: each pooling gives what its name says, from the real steps alone."""

import numpy as np
import pytest
from conftest import POOLING, normal

from common.checking.gradient_check import check_layer
from common.pooling import TimeAttentionPooling, TimeBiLast, TimeFirstLast, TimeLast, TimeMax, TimeMean

N, T, H = 4, 5, 4
MASK = np.array([[1, 1, 0, 0, 0], [0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]], bool)
HS = normal(N, T, H)


def by_hand(of_real_steps):
    return np.array([of_real_steps(HS[n, MASK[n]]) for n in range(N)])


def attend(layer, real):
    W, b, v = layer.params
    score = np.exp(np.tanh(real @ W + b) @ v)
    return (score / score.sum()) @ real


@pytest.mark.parametrize(
    ("name", "of_real_steps"),
    [
        ("last", lambda real: real[-1]),
        ("bilast", lambda real: np.concatenate((real[-1, :2], real[0, 2:]))),
        ("first-last", lambda real: np.concatenate((real[0], real[-1]))),
        ("mean", lambda real: real.mean(axis=0)),
        ("max", lambda real: real.max(axis=0)),
        ("max-mean", lambda real: np.concatenate((real.max(axis=0), real.mean(axis=0)))),
        ("attention", lambda real: attend(POOLING["attention"](), real)),
    ],
)
def test_a_pooling_gives_what_its_name_says(name, of_real_steps):
    np.testing.assert_allclose(POOLING[name]().forward(HS, MASK), by_hand(of_real_steps), rtol=0, atol=1e-14)


def test_without_a_mask_every_step_is_real():
    assert np.array_equal(TimeLast().forward(HS), HS[:, -1])
    assert np.array_equal(TimeBiLast().forward(HS), np.hstack((HS[:, -1, :2], HS[:, 0, 2:])))
    assert np.array_equal(TimeFirstLast().forward(HS), np.hstack((HS[:, 0], HS[:, -1])))
    np.testing.assert_allclose(TimeMean().forward(HS), HS.mean(axis=1), atol=1e-14)
    assert np.array_equal(TimeMax().forward(HS), HS.max(axis=1))


def test_the_gradient_of_max_goes_to_the_first_of_equals():
    layer = TimeMax()
    layer.forward(np.array([[[9.0], [2.0], [5.0], [5.0]]]), np.array([[False, True, True, True]]))
    assert layer.backward(np.array([[3.0]])).ravel().tolist() == [0, 0, 3, 0]


@pytest.mark.parametrize("name", ["max", "max-mean"])
def test_backward_through_max_is_not_available_in_inference_mode(name):
    layer = POOLING[name]()
    pooled = layer.forward(HS, MASK)
    layer.inference = True
    assert layer.inference and np.array_equal(layer.forward(HS, MASK), pooled)
    expected = f"^{type(layer).__name__}: backward: expected a forward before it, outside inference mode"
    with pytest.raises(ValueError, match=expected):
        layer.backward(pooled)


def test_max_of_negative_values_is_not_the_zero_of_a_pad():
    hs = np.full((1, 3, 1), -4.0)
    assert TimeMax().forward(hs, np.array([[True, True, False]])).item() == -4


def test_attention_weights_add_to_one_over_the_real_steps():
    layer = POOLING["attention"]()
    layer.forward(HS, MASK)
    weight = layer.attention_weight
    assert weight.shape == (N, T)
    np.testing.assert_allclose(weight.sum(axis=1), 1)
    assert (weight[MASK] > 0).all()
    assert not weight[~MASK].any()


def test_attention_of_huge_scores_stays_finite():
    W, b, v = POOLING["attention"]().params
    layer = TimeAttentionPooling(W, b, 1e4 * v)
    assert np.isfinite(layer.forward(HS, MASK)).all()
    assert np.isfinite(layer.backward(np.ones((N, H)))).all()
    assert all(np.isfinite(g).all() for g in layer.grads)


@pytest.mark.parametrize("name", POOLING)
def test_a_batch_with_an_empty_row_has_right_gradients_everywhere(name):
    mask = MASK.copy()
    mask[1] = False
    check_layer(POOLING[name](), HS, mask=mask)


@pytest.mark.parametrize(
    "weights",
    [
        (normal(4), normal(3), normal(3)),
        (normal(4, 3), normal(4), normal(3)),
        (normal(4, 3), normal(3), normal(3, 1)),
        (normal(4, 3), normal(3), normal(2)),
        (normal(4, 3), normal(3, dtype=np.float32), normal(3)),
    ],
)
def test_attention_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(ValueError, match=r"TimeAttentionPooling: .*expected"):
        TimeAttentionPooling(*weights)
