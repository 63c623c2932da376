"""The generated text: its form, what counting finds in it, and how well it can be predicted."""

import collections
import itertools
import math

import numpy as np
import pytest

from dataset import sentences


def test_a_text_has_so_many_sentences_of_lower_case_words_and_full_stops():
    text = sentences.load_text(300)
    words = text.split(" ")
    assert words.count(".") == 300 and words[-1] == "."
    assert text == text.lower() and all(word == "." or word.isalpha() for word in words)


def test_the_seed_decides():
    assert sentences.load_text(50) == sentences.load_text(50) != sentences.load_text(50, seed=1)


def test_without_a_sentence_there_is_no_text():
    with pytest.raises(ValueError, match="num_sentences >= 1, got 0"):
        sentences.load_text(0)


def test_all_words_occur_often_enough_to_count():
    counts = collections.Counter(sentences.load_text().split())
    assert 150 <= len(counts) <= 200 and min(counts.values()) >= 40
    for pairs in sentences.WORD_PAIRS.values():
        assert len(pairs) == 6 and all(word in counts for pair in pairs for word in pair)


def test_no_sentence_occurs_twice_so_that_the_lowest_perplexity_is_exact():
    everything = list(itertools.chain.from_iterable(sentences.sentence_groups()))
    assert len(set(everything)) == len(everything)
    groups = sentences.sentence_groups()
    p = {sentence: 1 / len(groups) / len(group) for group in groups for sentence in group}
    assert sum(p.values()) == pytest.approx(1)
    drawn = [sentence.strip() + " ." for sentence in sentences.load_text(20_000).split(".")[:-1]]
    bits = -sum(math.log(p[sentence]) for sentence in drawn)
    words = sum(len(sentence.split()) for sentence in drawn)
    assert sentences.lowest_perplexity() == pytest.approx(math.exp(bits / words), rel=0.01)


def test_pronouns_and_verbs_agree_with_what_stands_before():
    for sentence in itertools.chain.from_iterable(sentences.sentence_groups()):
        words = sentence.split()
        assert ("king" in words) <= ({"he", "his"} <= set(words) and "she" not in words), sentence
        assert ("today" in words) <= ("is" in words) and ("yesterday" in words) <= ("was" in words), sentence
        assert ("dogs" in words) <= ("their" in words), sentence


def test_counting_finds_every_analogy():
    words = sentences.load_text().split()
    kinds = list(dict.fromkeys(words))
    index = {word: i for i, word in enumerate(kinds)}
    ids = np.array([index[word] for word in words])
    counts = np.zeros((len(kinds), len(kinds)))
    for distance in (1, 2):
        np.add.at(counts, (ids[:-distance], ids[distance:]), 1)
    counts += counts.T
    expected = np.outer(counts.sum(0), counts.sum(0)) / counts.sum()
    vectors = np.log2(np.maximum(counts / expected, 1))  # PPMI
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for pairs in sentences.WORD_PAIRS.values():
        for (a, b), (c, d) in itertools.permutations(pairs, 2):
            similarity = vectors @ (vectors[index[b]] - vectors[index[a]] + vectors[index[c]])
            similarity[[index[a], index[b], index[c]]] = -np.inf
            assert kinds[similarity.argmax()] == d, f"{a} : {b} = {c} : {d}"
