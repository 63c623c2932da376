"""Skip-gram on texts: which words stay, gradients, and that words of the same surroundings come to be alike."""

import numpy as np
import pytest

from ch_sentiment.pretraining.skip_gram import SkipGram
from ch_sentiment.pretraining.texts import in_pieces
from common.checking.gradient_check import check_model
from common.optimizer import Adam
from common.trainer import Trainer
from common.util import normalize
from dataset.text import PAD

COUNTS = np.array([99, 10, 20, 1000, 5, 4])
XS = np.array([[3, 2, 3, 1, 3, 4], [5, 3, 2, PAD, PAD, PAD]])


def test_gradients():
    model = SkipGram(COUNTS, 3, subsample=0, rng=0, dtype=np.float64)
    model.loss.params[0][...] = np.random.default_rng(0).standard_normal((6, 3))
    model.train(False)  # the same words are drawn each time
    assert max(check_model(model, XS, XS).values()) < 1e-6


def test_frequent_words_are_left_out_at_random_and_the_others_move_together():
    model, rng = SkipGram(COUNTS, 3, subsample=0.05, rng=0), np.random.default_rng(0)
    rows = np.tile([3, 2, 3, 5, PAD], (2000, 1))
    thinned = model.thinned(rows, rng)
    assert np.mean((thinned == 3).sum(axis=1)) / 2 == pytest.approx(np.sqrt(0.05 * 1039 / 1000), abs=0.02)
    assert ((thinned == 2).sum(axis=1) == 1).all() and ((thinned == 5).sum(axis=1) == 1).all()
    assert all("".join(map(str, row)).rstrip("0") in ("25", "325", "235", "3235") for row in thinned)


def test_all_words_stay_where_nothing_is_left_out():
    model = SkipGram(COUNTS, 3, subsample=0, rng=0)
    assert np.array_equal(model.thinned(XS, np.random.default_rng(0)), XS)


def test_a_batch_of_which_no_word_stays_costs_nothing():
    model = SkipGram(COUNTS, 3, subsample=1e-12, rng=0)
    assert model.forward(np.full((2, 4), 3)) == 0


def test_pieces_hold_each_text_by_itself():
    texts = [np.arange(1, 4), np.arange(4, 9), np.array([9, 9])]
    assert in_pieces(texts, 3).tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 0], [9, 9, 0]]


def test_words_with_the_same_neighbours_get_similar_vectors():
    rng, rows = np.random.default_rng(0), []
    for kind in rng.integers(0, 2, 400):  # words 1 to 3 stand between 7 and 8, words 4 to 6 between 9 and 10
        word = rng.integers(1, 4) + 3 * kind
        rows.append([7 + 2 * kind, word, 8 + 2 * kind])
    rows = np.array(rows)
    model = SkipGram(np.bincount(rows.reshape(-1)), 8, window=1, subsample=0, rng=0)
    Trainer(model, Adam(0.03), [], rng=0).fit(rows, rows, 15, 16)
    W = normalize(model.embed.params[0])
    alike = W[1:7] @ W[1:7].T
    assert min(alike[:3, :3].min(), alike[3:, 3:].min()) > alike[:3, 3:].max() + 0.3
