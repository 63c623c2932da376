"""Nearest words and analogies: of a model, and of files in every form, as gensim finds them; in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from gensim.models import KeyedVectors

from ch_sentiment.vectors import search
from ch_sentiment.vectors.search import analogy_words, nearest_words
from ch_sentiment.vectors.sources import ModelVectors, open_vectors
from common.util import normalize
from dataset.errors import DataError

WORDS = [f"w{i}" for i in range(300)]
W = np.random.default_rng(0).standard_normal((300, 7)).astype(np.float32)
QUERY = ["w3", "w7", "w11"]


def lines(words, W):
    return "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, W.tolist()))


@pytest.fixture
def theirs():
    vectors = KeyedVectors(W.shape[1])
    vectors.add_vectors(WORDS, W)
    return vectors


@pytest.mark.parametrize("binary", [False, True])
def test_they_are_those_of_gensim(binary, tmp_path, theirs):
    path = str(tmp_path / "v.bin")
    theirs.save_word2vec_format(path, binary=binary)
    for source in (ModelVectors("m", WORDS, W), open_vectors(path)):
        for word, found in zip(QUERY, nearest_words(source, QUERY, 5)):
            right = theirs.most_similar(word, topn=5)
            assert [each.word for each in found] == [other for other, _ in right]
            np.testing.assert_allclose([each.similarity for each in found], [s for _, s in right], atol=1e-6)
        a, b, c = QUERY
        found, right = analogy_words(source, a, b, c, 5), theirs.most_similar([b, c], [a], topn=5)
        assert [each.word for each in found] == [other for other, _ in right]
        np.testing.assert_allclose([each.similarity for each in found], [s for _, s in right], atol=1e-6)


def test_of_a_word_that_comes_twice_the_first_row_counts(tmp_path, monkeypatch):
    path = str(tmp_path / "v.txt")
    monkeypatch.setattr(search, "_MORE", 1)  # so that the second rows leave no room for the others
    twice = [f"far{i}" for i in range(30)]
    rows = [["good", [1, 0]], *([word, [-1, 0.1]] for word in twice), *([word, [1, 0.01]] for word in twice)]
    rows += [["fine", [1, 1]], ["good", [0, 1]]]
    with open(path, "w") as file:
        file.write(lines([word for word, _ in rows], np.array([row for _, row in rows], np.float32)))
    source = open_vectors(path)
    (found,) = nearest_words(source, ["good"], 2)
    assert [each.word for each in found] == ["fine", "far0"]
    assert source.notes[1:] == ["words with more than one row, of which the first counts: 31"]
    assert found[0].similarity == pytest.approx(0.5**0.5)


def test_an_analogy_is_of_vectors_of_length_1_and_leaves_its_words_out():
    words = ["man", "king", "woman", "queen", "far"]
    W = np.array([[1, 0, 0], [9, 9, 0], [0, 0, 1], [0, 1, 1], [-1, -1, -1]], np.float32)
    found = analogy_words(ModelVectors("m", words, W), "man", "king", "woman", 9)
    wanted = normalize(W)[1] - normalize(W)[0] + normalize(W)[2]
    assert [each.word for each in found] == ["queen", "far"]
    assert found[0].similarity == pytest.approx(normalize(wanted) @ normalize(W)[3], abs=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1e30])
def test_a_cosine_does_not_depend_on_the_size_of_the_numbers(scale):
    source = ModelVectors("m", WORDS, W * np.float32(scale))
    found, right = (nearest_words(each, QUERY, 5) for each in (source, ModelVectors("m", WORDS, W)))
    for ours, theirs in zip(found, right):
        assert [each.word for each in ours] == [each.word for each in theirs]
        np.testing.assert_allclose([each.similarity for each in ours], [each.similarity for each in theirs], 1e-5)


def test_rows_of_zeros_are_no_neighbours_and_no_question():
    source = ModelVectors("m", ["good", "zero", "bad"], np.array([[1, 1], [0, 0], [-1, -1]], np.float32))
    assert [each.word for each in nearest_words(source, ["good"])[0]] == ["bad"]
    with pytest.raises(DataError, match="m: expected words whose vectors are not 0, got zero"):
        nearest_words(source, ["zero"])


def test_words_that_are_not_known_are_named_together_with_near_spellings():
    source = ModelVectors("m", ["good", "Paris", "bad", "dog"], np.eye(4, dtype=np.float32))
    with pytest.raises(DataError) as caught:
        nearest_words(source, ["goood", "bad", "paris", "odg", "unheardof"])
    said = "'goood' (near: good); 'paris' (near: Paris); 'odg' (near: dog); 'unheardof'"
    assert str(caught.value) == f"m: expected words that it has vectors for, got {said}"


def test_memory_does_not_grow_with_the_file(tmp_path):
    path, peaks = str(tmp_path / "v.txt"), []
    for V in (10_000, 40_000):
        rows = " ".join(["1.5"] * 50)
        with open(path, "w") as file:
            file.write("".join(f"w{i} {rows}\n" for i in range(V)))
        tracemalloc.start()
        nearest_words(open_vectors(path), ["w7"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 30_000 * 30  # bytes; a row has 200
