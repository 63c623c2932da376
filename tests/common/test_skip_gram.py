"""Skip-gram over whole texts: the loss by its definition, its gradients, what is drawn, padding, bad input."""

import numpy as np
import pytest
from conftest import normal, prefix_mask

from common.arrays.row_grad import touched_rows
from common.checking.gradient_check import check_layer
from common.skip_gram import TimeSkipGramLoss, band, softplus

V, D, N, T = 12, 4, 3, 7
COUNTS = np.arange(V)
XS = np.random.default_rng(1).integers(1, V, (N, T))
MASK = prefix_mask([7, 3, 1], T)
DRAWN = np.array([3, 9, 3, 1])


def made(dtype=np.float64, window=2, **how):
    return TimeSkipGramLoss(normal(V, D, dtype=dtype), COUNTS, window, **{"num_drawn": 3, "rng": 0, **how})


@pytest.mark.parametrize("window", [1, 2, 9])
def test_the_loss_is_the_one_of_its_definition(window):
    layer, hs, loss = made(window=window), normal(N, T, D, seed=2), 0.0
    (W,) = layer.params
    for n, i, j in np.ndindex(N, T, T):
        distance = abs(i - j)
        if 0 < distance <= window and MASK[n, i] and MASK[n, j]:
            wrong = 5 * np.mean([softplus(hs[n, i] @ W[k]) for k in DRAWN])
            loss += (window + 1 - distance) / window * (softplus(-hs[n, i] @ W[XS[n, j]]) + wrong)
    assert layer.forward(hs, XS, MASK, negative_sample=DRAWN) == pytest.approx(loss / MASK.sum(), rel=1e-12)


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("window", [1, 3, 10])
def test_gradients(window, mask):
    errors = check_layer(made(window=window), normal(N, T, D, seed=2), XS, mask)
    assert max(errors.values()) < 1e-6


def test_what_stands_in_the_padding_has_no_influence():
    found = []
    for rubbish in (0, 5):
        layer, hs, xs = made(), normal(N, T, D, seed=2), XS.copy()
        hs[~MASK], xs[~MASK] = rubbish or np.nan, rubbish
        found.append((layer.forward(hs, xs, MASK, negative_sample=DRAWN), layer.backward(), np.array(layer.grads[0])))
    (loss, dhs, dW), (other, *others) = found
    assert loss == other and np.array_equal(dhs, others[0]) and np.array_equal(dW, others[1])
    assert not dhs[~MASK].any()


def test_only_the_rows_of_texts_and_drawn_words_are_touched():
    layer = made()
    layer.forward(normal(N, T, D), XS, MASK, negative_sample=DRAWN)
    layer.backward()
    assert set(touched_rows(layer.grads[0])) == set(XS[MASK]) | set(DRAWN)


def test_words_are_drawn_anew_in_training_and_are_the_same_ones_where_nothing_is_trained():
    layer, hs = made(), normal(N, T, D)
    assert len({layer.forward(hs, XS) for _ in range(3)}) == 3
    layer.train_flg = False
    assert len({layer.forward(hs, XS) for _ in range(3)}) == 1
    assert layer.kept.min() > 0  # a word of count 0 is never drawn


def test_a_text_of_one_word_costs_nothing():
    layer = made()
    assert layer.forward(normal(2, 1, D), XS[:2, :1]) == 0
    assert not layer.backward().any() and not layer.grads[0].any()


def test_a_band_is_a_view_of_the_places_around_each_row():
    scores = np.arange(2 * 3 * 7).reshape(2, 3, 7)
    expected = [[row[i : i + 5] for i, row in enumerate(text)] for text in scores]
    assert np.array_equal(band(scores, 2), expected) and np.shares_memory(band(scores, 2), scores)


@pytest.mark.parametrize("x", [-1e30, -50.0, 0.0, 3.0, 1e30])
def test_softplus_neither_overflows_nor_loses_digits(x):
    assert softplus(np.array(x)) == pytest.approx(max(x, 0) + np.log1p(np.exp(-abs(x))), rel=1e-15)


def test_bad_input_is_named():
    layer = made()
    with pytest.raises(ValueError, match=r"TimeSkipGramLoss: xs: expected ids in \[0, 12\)"):
        layer.forward(normal(N, T, D), XS + V)
    with pytest.raises(ValueError, match="TimeSkipGramLoss: hs: expected floats"):
        layer.forward(normal(N, T, D + 1), XS)
    with pytest.raises(ValueError, match="window"):
        made(window=0)
    with pytest.raises(ValueError, match="at least two words that occur"):
        TimeSkipGramLoss(normal(V, D), np.arange(V) == 3)
