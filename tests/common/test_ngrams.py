"""Keys of n-grams: which are frequent, and that no two have the same."""

import itertools

import numpy as np
import pytest

from common.ngrams import check_ngrams, find, frequent_ngrams, ngram_keys

V = 7
X = [np.array(ids, np.int32) for ids in ([2, 3, 2, 3], [3, 2], [4, 2, 3], [5], [3, 2, 4])]


def key(*ids):
    """The number whose digits in base V are the ids."""
    return sum(a * V**i for i, a in enumerate(reversed(ids)))


def test_frequent_ngrams_counts_texts_not_places():
    assert frequent_ngrams(X, V).tolist() == sorted([key(2, 3), key(3, 2), key(4, 2), key(2, 4)])
    assert frequent_ngrams(X, V, min_texts=2).tolist() == [key(2, 3), key(3, 2)]
    assert frequent_ngrams(X, V, most=1).tolist() == [key(3, 2)]  # in three texts; (2, 3), too, stands three times
    assert frequent_ngrams(X, V, min_texts=4).tolist() == []


def test_runs_of_all_lengths_stand_in_one_sorted_list():
    triples = sorted([key(2, 3, 2), key(3, 2, 3), key(4, 2, 3), key(3, 2, 4)])
    assert frequent_ngrams(X, V, 3).tolist() == [*frequent_ngrams(X, V).tolist(), *triples]
    assert frequent_ngrams(X, V, 1).tolist() == []
    assert frequent_ngrams(X, V, 4)[-1] == key(2, 3, 2, 3)


def test_no_two_runs_of_words_have_the_same_key():
    runs = [run for n in (2, 3, 4) for run in itertools.product(range(1, 4), repeat=n)]
    keys = [ngram_keys(np.array([run]), 4, len(run))[-1].item() for run in runs]
    assert len(set(keys)) == len(runs)


def test_a_text_shorter_than_the_run_has_none():
    assert [keys.shape for keys in ngram_keys(np.array([[2]]), V, 4)] == [(1, 0)] * 3
    assert ngram_keys(np.array([[2, 3, 4]]), V, 3)[1].tolist() == [[key(2, 3, 4)]]


def test_keys_are_found_where_they_stand():
    known = np.array([3, 5, 9])
    place, there = find(known, np.array([[5, 4], [10, 3]]))
    assert there.tolist() == [[True, False], [False, True]] and place[0, 0] == 1 and place[1, 1] == 0
    assert not np.any(find(known[:0], np.array([1]))[1])


def test_the_largest_vocabulary_is_one_whose_keys_fit_into_63_bits():
    V = 2_097_151
    assert ngram_keys(np.full((1, 3), V - 1), V, 3)[1].item() == V**3 - 1
    with pytest.raises(ValueError, match="expected at most 2,097,151 words for n-grams of 3, got"):
        ngram_keys(np.ones((1, 3), int), V + 1, 3)
    for n in range(2, 63):
        most = max(v for v in range(round(2 ** (63 / n)) - 2, round(2 ** (63 / n)) + 2) if v**n < 2**63)
        check_ngrams(most, n)
        with pytest.raises(ValueError, match=f"at most {most:,} words"):
            check_ngrams(most + 1, n)
    with pytest.raises(ValueError, match="at most 1 words for n-grams of 1000000000"):
        check_ngrams(1, 10**9)  # as a forged file may have it
