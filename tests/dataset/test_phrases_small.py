"""The small corpus has the size that it says, holds out whole pairs and whole patterns, and cannot be told by counting
words."""

import re

import numpy as np
import pytest

from dataset import phrases_small
from dataset.text import Vocab, tokenize


def words_of(phrases):
    return {word for phrase in phrases for word in tokenize(phrase)}


def patterns_of(phrases):
    return {re.sub("good|bad|fine|dull", "{}", phrase) for phrase in phrases}


@pytest.mark.parametrize("seed", range(20))
def test_sizes_words_and_balance_are_as_promised(seed):
    (x_train, t_train), (x_test, t_test) = phrases_small.load_data(seed)
    assert (len(x_train), len(x_test)) == (58, 20) and t_train.dtype == t_test.dtype == np.int64
    assert t_train.mean() == t_test.mean() == 0.5
    assert len(words_of(x_train)) == 17 and words_of(x_test) <= words_of(x_train)
    assert max(len(tokenize(phrase)) for phrase in x_train + x_test) == 9
    assert len(set(x_train + x_test)) == 78


@pytest.mark.parametrize("seed", range(5))
def test_four_patterns_are_in_the_test_part_alone_and_the_others_are_known_by_another_adjective(seed):
    (x_train, _), (x_test, _) = phrases_small.load_data(seed)
    alone = patterns_of(x_test) - patterns_of(x_train)
    assert len(alone) == 4 and sum("not" in pattern for pattern in alone) == 3
    assert all(pattern.endswith(("right now", "back then")) for pattern in alone)


def test_the_corpus_depends_on_the_seed_alone():
    a, b, c = (phrases_small.load_data(seed)[0] for seed in (1984, 1984, 7))
    assert a[0] == b[0] and np.array_equal(a[1], b[1]) and set(a[0]) != set(c[0])


def test_samples_are_unseen_phrases_of_known_words():
    (x_train, _), (x_test, _) = phrases_small.load_data()
    assert words_of(phrases_small.SAMPLES) <= words_of(x_train)
    assert not set(phrases_small.SAMPLES) & set(x_train + x_test)


def test_not_turns_round_what_the_adjective_says():
    for x, t in phrases_small.load_data():
        for phrase, label in zip(x, t):
            words = tokenize(phrase)
            assert label == ("good" in words or "fine" in words) ^ ("not" in words), phrase


def test_a_bag_of_words_stays_below_three_quarters():
    (x_train, t_train), (x_test, t_test) = phrases_small.load_data()
    vocab = Vocab.build(map(tokenize, x_train))

    def bags(x):  # -> (N, V) counts; the PAD column, else empty, serves as the bias
        counts = np.stack([np.bincount(vocab.encode(tokenize(p)), minlength=len(vocab)) for p in x]).astype(float)
        counts[:, 0] = 1
        return counts

    train, w = bags(x_train), np.zeros(len(vocab))
    for _ in range(20):  # Newton's method
        p = 1 / (1 + np.exp(-train @ w))
        hessian = (train.T * (p * (1 - p))) @ train / len(train) + 1e-3 * np.eye(len(w))
        w -= np.linalg.solve(hessian, train.T @ (p - t_train) / len(train) + 1e-3 * w)
    assert np.mean((bags(x_test) @ w > 0) == t_test) <= 0.75
