"""The linear part: an NBSVM of all n-grams, fitted to the end."""

import numpy as np
import pytest

from ch_sentiment.baselines.nbsvm import log_count_ratios
from ch_sentiment.wide import logistic
from ch_sentiment.wide.linear import fit_linear

V = 12


def texts(N, C=2, seed=0, words=6):
    """Texts of random words of which one in three tells the class."""
    rng = np.random.default_rng(seed)
    t = np.arange(N) % C
    return [np.where(rng.random(words) < 0.3, 2 + c, rng.integers(6, V, words)).astype(np.int32) for c in t], t


@pytest.mark.parametrize("C", [2, 3])
def test_it_answers_the_texts_that_it_was_fitted_on(C):
    x, t = texts(60, C)
    linear = fit_linear(x, t, V, C, 3)
    scores = linear.predict(x)
    assert linear.config["ngrams"] == 3 and scores.shape == ((60,) if C == 2 else (60, 3))
    assert np.mean((scores > 0) == t if C == 2 else scores.argmax(axis=1) == t) > 0.9


def test_its_ratios_are_those_of_naive_bayes_and_its_ngrams_the_most_frequent():
    x, t = texts(40)
    linear = fit_linear(x, t, V, 2, 3, max_ngrams=5)
    assert len(linear.keys) == 5
    np.testing.assert_allclose(linear.ratios, log_count_ratios(x, t, linear.keys, V, 2, ngrams=3), rtol=1e-5)


def test_weights_count_as_texts_that_are_there_several_times(monkeypatch):
    monkeypatch.setattr(logistic, "TOLERANCE", 1e-6)
    x, t = texts(30)
    weight = 1.0 + np.arange(30) % 2
    index = np.repeat(np.arange(30), weight.astype(int))
    weighted = fit_linear(x, t, V, 2, 3, weights=(weight * 30 / 45, weight))
    monkeypatch.setattr(logistic, "C", logistic.C * 30 / 45)  # as strong for 45 texts as for 30
    repeated = fit_linear([x[i] for i in index], t[index], V, 2, 3)
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), rtol=1e-2, atol=1e-2)


def test_soft_labels_that_are_sure_are_labels():
    x, t = texts(30, 3)
    hard, soft = fit_linear(x, t, V, 3, 2), fit_linear(x, np.eye(3)[t], V, 3, 2)
    np.testing.assert_allclose(hard.predict(x), soft.predict(x), rtol=1e-3, atol=1e-3)


def test_progress_wraps_the_steps():
    seen, (x, t) = [], texts(20)
    fit_linear(x, t, V, 2, 3, progress=lambda steps: (seen.append(step) or step for step in steps))
    assert seen == list(range(len(seen))) and len(seen) > 1


@pytest.mark.parametrize("C", [2, 3])
def test_classes_of_one_text_have_scores(C):
    x, t = texts(C, C)
    assert np.isfinite(fit_linear(x, t, V, C, 3).predict(x)).all()
