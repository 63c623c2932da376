"""What the search for label errors promises: changed labels come first, none is judged by itself or its copy, and what
cannot be judged is said.
"""

import numpy as np
import pytest

from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.data_check.label_errors import (
    _counts,
    assign_folds,
    better_than_chance,
    find_label_errors,
    ratios_of_counts,
    suggest_labels,
)
from common.ngrams import frequent_ngrams
from dataset.text import Vocab

OWN = ["good fine lovely", "bad poor awful", "odd strange weird"]


def data(C, N, seed=0):
    """N texts of C classes, each of the three words of its class and three of any; -> x, t, V."""
    rng = np.random.default_rng(seed)
    t = rng.permutation(np.arange(N) % C)
    others = [f"w{i}" for i in range(50)]
    texts = [[*rng.permutation(OWN[c].split()), *rng.choice(others, 3)] for c in t]
    vocab = Vocab.build(texts)
    return [vocab.encode(text) for text in texts], t, len(vocab)


@pytest.mark.parametrize("C", [2, 3])
def test_labels_that_were_changed_come_first_with_the_right_suggestion(C):
    x, t, V = data(C, 300)
    changed = np.array([5, 70, 120, 200, 299])
    given = t.copy()
    given[changed] = (t[changed] + 1) % C
    found = find_label_errors(x, given, "abc"[:C], np.arange(300), V, folds=4, rng=0)
    assert sorted(found.ranked[:5].tolist()) == changed.tolist()
    assert (found.suggested[changed] == t[changed]).all()
    assert np.allclose(found.probabilities.sum(axis=1), 1)
    assert found.accuracy > 0.95 and found.majority < 0.6 and found.judged == 300 and found.reason is None
    margin = (
        found.probabilities[found.ranked, given[found.ranked]]
        - found.probabilities[found.ranked, found.suggested[found.ranked]]
    )
    assert (np.diff(margin) >= 0).all()


def test_one_seed_gives_one_answer():
    x, t, V = data(2, 100)
    a, b = (find_label_errors(x, t, "ab", np.arange(100), V, folds=3, rng=3) for _ in range(2))
    assert np.array_equal(a.probabilities, b.probabilities)


def test_groups_stay_whole_and_classes_are_spread_over_the_folds():
    rng = np.random.default_rng(0)
    groups, t = rng.integers(0, 60, 200), rng.integers(0, 2, 200)
    fold = assign_folds(t, groups, 5, rng)
    assert all(len(set(fold[groups == g].tolist())) == 1 for g in set(groups.tolist()))
    assert set(fold.tolist()) == set(range(5))
    t = np.repeat([0, 1], [96, 4])
    fold = assign_folds(t, np.arange(100), 10, rng)
    assert len(set(fold[t == 1].tolist())) == 4  # no fold has two of the rare class
    assert np.bincount(fold).tolist() == [10] * 10


def test_copies_that_share_a_wrong_label_do_not_vouch_for_each_other():
    x, t, V = data(2, 200)
    copies = np.array([3, 50, 90, 140])
    for i in copies:
        x[i] = x[3]
    given = t.copy()
    given[copies] = 1 - t[3]
    groups = np.arange(200)
    groups[copies] = 3
    found = find_label_errors(x, given, "ab", groups, V, folds=4, rng=0)
    assert set(copies.tolist()) <= set(found.ranked.tolist())


def test_texts_without_a_word_and_labels_of_one_text_are_not_judged():
    x, t, V = data(2, 100)
    x[7] = np.zeros(0, np.int32)
    given = t.copy()
    given[8] = 2
    found = find_label_errors(x, given, "abc", np.arange(100), V, folds=4, rng=0)
    assert found.judged == 98 and np.isnan(found.probabilities[[7, 8]]).all()
    assert not {7, 8} & set(found.ranked.tolist())
    assert (found.probabilities[9, 2] == 0) and found.reason is None


@pytest.mark.parametrize("labels", [[0] * 5 + [1], [0, 1], [0] * 6])
def test_two_labels_of_two_texts_each_are_needed(labels):
    x = [np.array([2 + i, 3 + i], np.int32) for i in range(len(labels))]
    found = find_label_errors(x, np.array(labels), "ab", np.arange(len(labels)), 20, rng=0)
    assert "two labels" in found.reason and len(found.ranked) == 0 and found.judged == 0


def test_the_smallest_data_is_judged_or_said_to_show_nothing():
    x, t, V = data(2, 20)
    t = np.repeat([0, 1], [18, 2])
    found = find_label_errors(x, t, "ab", np.arange(20), V, rng=0)
    assert "20 texts" in found.reason and len(found.ranked) == 0


def test_labels_that_have_nothing_to_do_with_the_words_are_not_called_wrong():
    x, _, V = data(2, 300)
    found = find_label_errors(x, np.random.default_rng(5).integers(0, 2, 300), "ab", np.arange(300), V, 4, rng=0)
    assert "by chance" in found.reason and len(found.ranked) == 0 and found.accuracy < 0.6


def test_no_folds_no_judgement():
    x, t, V = data(2, 20)
    assert find_label_errors(x, t, "ab", np.arange(20), V, folds=0).reason == "not looked for (--folds)"


def test_a_label_is_suspected_where_another_is_as_probable_as_it_typically_is_there():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.35, 0.65], [0.2, 0.8], [0.15, 0.85]])
    # 0.65 is below the typical 0.825
    assert suggest_labels(p, np.array([0, 0, 0, 1, 1])).tolist() == [-1, -1, -1, -1, -1]
    assert suggest_labels(p, np.array([0, 0, 1, 1, 0])).tolist() == [-1, -1, -1, -1, 1]
    sure = np.array([[0.02, 0.98], [0.02, 0.98], [0.02, 0.98], [0.05, 0.95], [0.95, 0.05]])
    # 0.95 is below the typical 0.98, and sure
    assert suggest_labels(sure, np.array([1, 1, 1, 0, 0])).tolist() == [-1, -1, -1, 1, -1]


def test_telling_labels_apart_needs_more_than_chance_gives():
    t = np.repeat([0, 1], 50)
    p = np.random.default_rng(0).random(100)
    assert not better_than_chance(np.stack((1 - p, p), axis=1), t)
    p[50:] += 1
    assert better_than_chance(np.stack((2 - p, p), axis=1), t)


@pytest.mark.parametrize("C", [2, 3])
def test_the_ratios_of_a_fold_are_those_of_an_nbsvm_on_the_same_texts(C):
    x, t, V = data(C, 60)
    net = NBSVM.of_texts(x, t, V, C)
    pairs = frequent_ngrams(x, V)
    assert np.array_equal(pairs, net.keys)
    features = [net.layers[0].forward(ids[None])[0] for ids in x]
    counts = _counts([ids[ids != 0] for ids in features], t, V + len(pairs), C)
    assert np.allclose(ratios_of_counts(counts), net.ratios)
