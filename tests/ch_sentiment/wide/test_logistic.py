"""Logistic regression on sparse features is the one of its formula: products, minimum, weights, soft labels."""

import numpy as np
import pytest

from ch_sentiment.wide import logistic
from ch_sentiment.wide.logistic import Rows, fit

F = 7
FEATURES = [np.array(ids) for ids in ([1, 2, 3], [2], [3, 4], [1, 5], [2, 6], [4])]
T = np.array([1, 0, 1, 1, 0, 0])


def dense(features):
    X = np.zeros((len(features), F))
    for row, ids in zip(X, features):
        row[ids] = 1
    return X


def ratios(K, seed=0):
    return np.random.default_rng(seed).standard_normal((F, K))


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.setattr(logistic, "TOLERANCE", 1e-8)


def test_rows_are_a_sparse_matrix():
    rng = np.random.default_rng(0)
    W, g, X = rng.standard_normal((F, 3)), rng.standard_normal((6, 2)), dense(FEATURES)
    rows = Rows.of(FEATURES, F)
    np.testing.assert_allclose(rows.times(W), X @ W)
    np.testing.assert_allclose(rows.transposed_times(g), X.T @ g)
    index = np.array([4, 0, 0, 5])
    np.testing.assert_allclose(Rows.of([FEATURES[i] for i in index], F).times(W), X[index] @ W)
    nothing = Rows.of([], F)
    assert nothing.times(W).shape == (0, 3) and not nothing.transposed_times(g[:0]).any()


@pytest.mark.parametrize("K", [1, 3])
def test_no_step_away_from_the_fit_lowers_the_loss(exact, K):
    t, r, X = (T if K == 1 else np.arange(6) % 3), ratios(K), dense(FEATURES)
    W, b = fit(Rows.of(FEATURES, F), t, r)

    def loss(W, b):
        scores = X @ (r * W) + b
        scores = np.hstack((np.zeros((6, 1)), scores)) if K == 1 else scores
        nll = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(6), t]
        return logistic.C * nll.sum() + ((W**2).sum() + (b**2).sum()) / 2  # as LIBLINEAR writes it

    rng = np.random.default_rng(1)
    for _ in range(20):
        dW, db = 1e-3 * rng.standard_normal(W.shape), 1e-3 * rng.standard_normal(b.shape)
        assert loss(W + dW, b + db) > loss(W, b)
    assert not W[0].any()  # a feature of no text


def test_a_weight_of_two_is_a_text_that_is_there_twice(exact):
    weight = np.array([2.0, 1, 1, 0, 1, 1])
    twice = np.repeat(np.arange(6), weight.astype(int))
    W, b = fit(Rows.of(FEATURES, F), T, ratios(1), weight)
    W2, b2 = fit(Rows.of([FEATURES[i] for i in twice], F), T[twice], ratios(1))
    np.testing.assert_allclose(W, W2, atol=1e-6)
    np.testing.assert_allclose(b, b2, atol=1e-6)


@pytest.mark.parametrize("C", [2, 3])
def test_soft_labels_of_one_class_alone_are_hard_ones(C):
    t, K = np.arange(6) % C, 1 if C == 2 else C
    found = [fit(Rows.of(FEATURES, F), labels, ratios(K)) for labels in (t, np.eye(C)[t])]
    assert all(map(np.array_equal, *found))


def test_a_model_of_no_text_says_nothing():
    W, b = fit(Rows.of([], F), T[:0], ratios(1))
    assert not W.any() and not b.any()
