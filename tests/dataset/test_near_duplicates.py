"""What near duplicates promise: copies and lightly edited texts are found, others are not, in linear time."""

import numpy as np
import pytest

from dataset import near_duplicates
from dataset.near_duplicates import BANDS, ROWS, candidates, find_near_duplicates, signatures
from dataset.store.token_cache import tokenize_texts


def tokens_of(*texts):
    return tokenize_texts(list(texts), use_cache=False, progress=False)


def words(count, seed):
    return [f"w{i}" for i in np.random.default_rng(seed).integers(0, 10_000, count)]


def test_a_text_with_a_changed_word_is_like_the_first_and_other_texts_are_like_none():
    text = words(60, seed=1)
    edited = [*text[:30], "other", *text[31:]]
    found = find_near_duplicates(tokens_of(" ".join(text), " ".join(words(60, seed=2)), " ".join(edited)))
    assert found.cluster.tolist() == [0, 1, 0] and found.like.tolist() == [2, -1, 0]
    assert found.similarity[2] == pytest.approx(55 / 61)  # 58 triples each, 3 of them changed


def test_the_same_words_in_other_capitals_and_punctuation_are_wholly_alike():
    found = find_near_duplicates(tokens_of("A good film.", "a GOOD film", "a bad film"))
    assert found.cluster.tolist() == [0, 0, 2] and found.similarity.tolist() == [1, 1, 0]


@pytest.mark.parametrize("pair", [("good film", "bad film"), ("not good at all", "good at all"), ("a", "b"), ("", " ")])
def test_short_texts_that_differ_in_a_word_are_no_duplicates(pair):
    assert (find_near_duplicates(tokens_of(*pair)).like == -1).all()


def test_texts_without_a_word_are_like_none_even_of_each_other():
    found = find_near_duplicates(tokens_of("...", "a word", "...", ""))
    assert found.cluster.tolist() == [0, 1, 2, 3] and (found.like == -1).all()


def test_no_texts_at_all_have_no_duplicates():
    assert len(find_near_duplicates(tokens_of()).cluster) == 0


def test_texts_that_are_linked_by_others_are_one_cluster_and_each_is_like_its_most_similar_earlier_one():
    chain = [words(40, seed=1)]
    for i in range(1, 8):  # each differs from the one before in one word more, so that the ends have little in common
        chain.append([*chain[-1][: 5 * i - 4], f"new{i}", *chain[-1][5 * i - 3 :]])
    found = find_near_duplicates(tokens_of(*(" ".join(text) for text in chain)))
    assert found.cluster.tolist() == [0] * 8
    assert found.like[1:].tolist() == list(range(7))


def test_signatures_agree_in_the_share_of_triples_that_two_texts_share():
    text = words(2000, seed=3)
    tokens = tokens_of(" ".join(text), " ".join([*text[:1500], *words(500, seed=4)]))
    (a, b) = signatures(tokens, np.arange(2))
    assert np.mean(a == b) == pytest.approx(1498 / 2498, abs=0.2)  # 64 hashes: a standard deviation of 0.06


def test_blocks_do_not_change_what_is_found(monkeypatch):
    texts = [" ".join(words(50, seed % 7)) for seed in range(30)] + ["", "one", " ".join(words(900, 99))]
    tokens = tokens_of(*texts)
    whole = find_near_duplicates(tokens)
    monkeypatch.setattr(near_duplicates, "_BLOCK", 64)
    monkeypatch.setattr(near_duplicates, "_PAIRS", 3)
    blocks = find_near_duplicates(tokens)
    assert np.array_equal(whole.cluster, blocks.cluster) and np.array_equal(whole.like, blocks.like)
    assert len(set(whole.cluster[:30].tolist())) == 7


def test_the_pairs_that_are_compared_grow_with_the_texts_not_with_their_square():
    same_bands = np.zeros((5000, BANDS * ROWS), np.uint32)
    a, b = candidates(same_bands)
    assert (a < b).all() and len(a) < 2 * 5000
