"""The scores of the training texts are those of models that have not seen them; the linear part has seen all."""

import numpy as np
import pytest

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.wide import cross_fit as module
from ch_sentiment.wide import logistic
from ch_sentiment.wide.cross_fit import cross_fit
from common.training.batches import assign_folds

V = 12


def texts(N, C=2, seed=0, words=6):
    """Texts of random words of which one in three tells the class."""
    rng = np.random.default_rng(seed)
    t = np.arange(N) % C
    return [np.where(rng.random(words) < 0.3, 2 + c, rng.integers(6, V, words)).astype(np.int32) for c in t], t


def fitted(x, t, C=2, groups=None, **how):
    return cross_fit(x, t, np.arange(len(x)) if groups is None else groups, V, C, 3, rng=0, **how)


@pytest.mark.parametrize("C", [2, 3])
def test_it_is_a_model_of_all_texts_and_scores_of_models_of_the_others(C, monkeypatch):
    x, t = texts(40, C)
    monkeypatch.setattr(module, "fit_temperature", lambda scores, t: None)
    linear, held_out = fitted(x, t, C)
    assert held_out.shape == ((40,) if C == 2 else (40, 3)) and held_out.dtype == np.float32
    fold = assign_folds(t, np.arange(40), 5, np.random.default_rng(0))
    assert np.bincount(fold).tolist() == [8] * 5
    for k in (0, 4):
        outside = np.flatnonzero(fold == k)
        inside = np.flatnonzero(fold != k)
        monkeypatch.setattr(module, "assign_folds", lambda t, *_: np.zeros(len(t), int))
        of_others, _ = fitted([x[i] for i in inside], t[inside], C)
        np.testing.assert_allclose(held_out[outside], of_others.predict([x[i] for i in outside]), rtol=0.1, atol=0.1)
    scores = linear.predict(x)
    assert np.mean((scores > 0) == t if C == 2 else scores.argmax(axis=1) == t) > 0.9


def test_a_label_that_only_its_own_text_knows_is_not_in_its_score():
    """Random labels of texts of their own words, each four times."""
    groups = np.repeat(np.arange(40), 4)
    t = np.random.default_rng(3).integers(0, 2, 40)[groups]
    x = [np.array([2 + i, 42 + i], np.int32) for i in groups]
    linear, held_out = cross_fit(x, t, groups, 82, 2, 3, rng=0)
    assert np.mean((linear.predict(x) > 0) == t) == 1
    assert len(set(held_out.tolist())) <= 5  # nothing but what the labels of a fold's others are
    _, leaking = cross_fit(x, t, np.arange(160), 82, 2, 3, rng=0)
    assert np.mean((leaking > 0) == t) > 0.9  # the copies tell


def test_scores_are_divided_by_the_temperature_that_suits_those_of_texts_not_seen(monkeypatch):
    x, t = texts(60)
    _, suited = fitted(x, t)
    monkeypatch.setattr(module, "fit_temperature", lambda scores, t: 2.0)
    linear, held_out = fitted(x, t)
    monkeypatch.setattr(module, "fit_temperature", lambda scores, t: 1.0)
    plain, plain_held_out = fitted(x, t)
    np.testing.assert_allclose(held_out * 2, plain_held_out, rtol=1e-5)
    np.testing.assert_allclose(linear.predict(x) * 2, plain.predict(x), rtol=1e-4, atol=1e-5)
    assert not np.allclose(suited, plain_held_out)


def test_what_stands_in_one_text_alone_counts_nothing():
    x, t = texts(40)
    x[0] = np.append(x[0], [1, 1, 1, 1]).astype(np.int32)
    linear, _ = fitted(x, t)
    ratios = linear.ratios[:, 0]
    assert ratios[1] == 0 and not linear.params[0][1].any() and ratios[2] != 0
    assert V**2 + V + 1 not in linear.keys


def test_weights_count_as_texts_that_are_there_several_times(monkeypatch):
    x, t = texts(30)
    monkeypatch.setattr(logistic, "TOLERANCE", 1e-6)
    weight = 1.0 + np.arange(30) % 2
    index = np.repeat(np.arange(30), weight.astype(int))
    monkeypatch.setattr(module, "fit_temperature", lambda scores, t: None)
    monkeypatch.setattr(module, "MIN_TEXTS", 1)
    monkeypatch.setattr(module, "assign_folds", lambda t, groups, *_: np.asarray(groups) % 5)
    weighted = fitted(x, t, weights=(weight, weight))
    repeated = fitted([x[i] for i in index], t[index], groups=index)
    np.testing.assert_allclose(weighted[1][index], repeated[1], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(weighted[0].predict(x), repeated[0].predict(x), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("C", [2, 3])
@pytest.mark.parametrize("N", [2, 3, 4])
def test_fewer_texts_than_folds_and_classes_of_one_text_have_scores(N, C):
    x, t = texts(N)
    for groups in (np.arange(N), np.zeros(N)):
        linear, held_out = cross_fit(x, np.minimum(t, C - 1), groups, V, C, 3, rng=0)
        assert np.isfinite(held_out).all() and np.isfinite(linear.predict(x)).all()
    assert not held_out.any()  # of one group: no model of other texts


def test_progress_wraps_the_six_models():
    seen = []
    x, t = texts(20)
    linear, _ = fitted(x, t, progress=lambda numbers: (seen.append(k) or k for k in numbers))
    assert seen == [0, 1, 2, 3, 4, 5] and isinstance(linear, NBSVM) and linear.config["ngrams"] == 3
