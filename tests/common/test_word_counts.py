"""Counting words by their neighbours: against loops that are as plain as the definitions."""

import numpy as np
import pytest

from common.util import analogy, most_similar, preprocess
from common.word_counts import (
    convert_one_hot,
    cos_similarity,
    cosines,
    create_co_matrix,
    create_contexts_target,
    nearest,
    ppmi,
)

TEXT = "We like tea and they like coffee and we like them."
IDS, WORD_TO_ID, ID_TO_WORD = preprocess(TEXT)
V = len(WORD_TO_ID)


def test_a_text_becomes_ids_in_the_order_of_first_occurrence():
    assert list(WORD_TO_ID) == ["we", "like", "tea", "and", "they", "coffee", "them", "."]
    assert IDS.tolist() == [0, 1, 2, 3, 4, 1, 5, 3, 0, 1, 6, 7]
    assert {word_id: word for word, word_id in WORD_TO_ID.items()} == ID_TO_WORD


@pytest.mark.parametrize("window_size", [1, 2, 5, 30])
def test_co_occurrences_are_counted_on_both_sides(window_size):
    counts = np.zeros((V, V), int)
    for i, word in enumerate(IDS):
        for j, other in enumerate(IDS):
            counts[word, other] += 0 < abs(i - j) <= window_size
    found = create_co_matrix(IDS, V, window_size)
    assert found.dtype == np.int32 and np.array_equal(found, counts)


def test_ppmi_is_that_of_its_definition_and_0_for_a_word_without_neighbours(capsys):
    C = np.pad(create_co_matrix(IDS, V), (0, 1))
    found = ppmi(C)
    assert found.dtype == np.float32 and not found[V].any() and not found[:, V].any()
    for i in range(V):
        for j in range(V):
            pmi = np.log2(C[i, j] * C.sum() / (C[i].sum() * C[j].sum()) + 1e-8)
            assert found[i, j] == pytest.approx(max(0.0, pmi), rel=1e-6)
    assert capsys.readouterr().out == ""
    assert np.array_equal(ppmi(C, verbose=True), found)
    assert capsys.readouterr().out.splitlines()[-1] == "100.0% done"


def test_counts_beyond_32_bits_do_not_overflow():
    C = np.array([[0, 2**31 - 1], [2**31 - 1, 2**31 - 1]], np.int32)
    assert np.isfinite(ppmi(C)).all() and ppmi(C)[0, 1] == pytest.approx(np.log2(3 / 2))


def test_contexts_stand_on_both_sides_of_their_target():
    contexts, target = create_contexts_target(np.arange(6), window_size=2)
    assert contexts.tolist() == [[0, 1, 3, 4], [1, 2, 4, 5]] and target.tolist() == [2, 3]


def test_one_hot_of_targets_and_of_contexts():
    assert convert_one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    found = convert_one_hot(np.array([[0, 1], [2, 2]]), 3)
    assert found.dtype == np.int32 and found.shape == (2, 2, 3)
    assert found.argmax(axis=2).tolist() == [[0, 1], [2, 2]] and found.sum() == 4


def test_the_cosine_of_vectors():
    assert cos_similarity([1, 0], [1, 1]) == pytest.approx(np.sqrt(0.5), rel=1e-6)
    assert cos_similarity([3, 4], [-3, -4]) == pytest.approx(-1)
    assert cos_similarity([0, 0], [1, 1]) == 0


def test_the_cosines_of_a_matrix_are_those_of_its_rows():
    W = np.random.default_rng(0).standard_normal((6, 4))
    W[2] = 0
    assert cosines(W, W[1]) == pytest.approx([cos_similarity(row, W[1]) for row in W], abs=1e-12)
    assert np.array_equal(cosines(W, W[2]), np.zeros(6))


def test_the_nearest_are_the_largest_but_for_those_left_out_and_nan():
    similarity = np.array([0.5, np.nan, 1.0, 0.5, -1.0])
    assert nearest(similarity, 3).tolist() == [2, 0, 3]
    assert nearest(similarity, 9, [2, 4]).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: create_contexts_target(np.arange(2), 1), "longer than two of them, got 1 and 2 words"),
        (lambda: create_contexts_target(np.arange(5), 0), "a window of 1 or more"),
        (lambda: create_co_matrix(np.array([0, 3]), 3), r"create_co_matrix: corpus: expected ids in \[0, 3\), got 3"),
        (lambda: convert_one_hot(np.array([-1, 0]), 3), r"convert_one_hot: corpus: expected ids in \[0, 3\), got -1"),
        (lambda: create_co_matrix(np.array([0.5]), 3), "corpus: expected integers of shape .*, got float64"),
        (lambda: create_co_matrix(np.array([[0, 1]]), 3), r"corpus: expected integers of shape \(T,\), got int64"),
    ],
)
def test_what_is_no_corpus_is_an_error_in_one_line(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_most_similar_words_are_printed_the_nearest_first(capsys):
    vectors = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [np.nan, 1], [1, 0.2], [-1, 0], [0.5, 0.5], [0, -1]])
    most_similar("we", WORD_TO_ID, ID_TO_WORD, vectors, top=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["", "[query] we"]
    assert [line.split(":")[0] for line in lines[2:]] == [" like", " they"]
    assert float(lines[2].split()[1]) == pytest.approx(0.9 / np.hypot(0.9, 0.1), rel=1e-6)


def test_an_analogy_leaves_its_own_words_out(capsys):
    vectors = np.eye(8)[:, :4] + np.eye(8)[:, 4:]  # "they" is like "we", "coffee" like "like" ...
    analogy("we", "like", "they", WORD_TO_ID, ID_TO_WORD, vectors, top=1, answer="coffee")
    out = capsys.readouterr().out.splitlines()
    assert out[1] == "[analogy] we:like = they:?" and out[2] == "==>coffee:1.0"
    assert out[3] == " coffee: 1.0" and len(out) == 4


def test_an_analogy_of_counts_without_a_sign_is_that_of_floats(capsys):
    counts = create_co_matrix(IDS, V)
    for vectors in (counts.astype(float), counts.astype(np.uint8)):
        analogy("we", "like", "they", WORD_TO_ID, ID_TO_WORD, vectors)
    first, second = capsys.readouterr().out.split("\n[analogy]")[1:]
    assert first == second


@pytest.mark.parametrize("word", ["tee", ""])
def test_a_word_that_is_not_there_is_said_in_one_line(word, capsys):
    most_similar(word, WORD_TO_ID, ID_TO_WORD, np.eye(V))
    analogy("we", word, "tea", WORD_TO_ID, ID_TO_WORD, np.eye(V))
    analogy("we", "like", "tea", WORD_TO_ID, ID_TO_WORD, np.eye(V), answer=word)
    assert capsys.readouterr().out == 3 * f"{word} is not found\n"


def test_the_star_of_np_brings_the_switch_too():
    names = {}
    exec("from common.np import *", names)  # noqa: S102  (what a reader's script does)
    assert names["np"] is np and names["GPU"] is False
    assert set(names) == {"__builtins__", "np", "GPU"}
