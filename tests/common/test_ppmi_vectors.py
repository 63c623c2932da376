import numpy as np
import pytest

from common.ppmi_vectors import ppmi_vectors
from common.word_counts import cos_similarity, create_co_matrix, ppmi

FOOD, TOWNS = range(2, 6), range(6, 10)  # ids of words; 10 and 11 are what is said of food, 12 and 13 of towns


def texts(rng, N=400):
    """Each holds a word of one kind between two that are said of this kind."""
    for _ in range(N):
        word, said = (rng.choice(FOOD), (10, 11)) if rng.random() < 0.5 else (rng.choice(TOWNS), (12, 13))
        yield np.array([rng.choice(said), word, rng.choice(said)])


def test_words_of_the_same_company_have_like_vectors():
    W = ppmi_vectors(list(texts(np.random.default_rng(0))), 14, 3, skipped=2, rng=0)
    assert W.shape == (14, 3) and W.dtype == np.float32
    alike = [cos_similarity(W[a], W[b]) for kind in (FOOD, TOWNS) for a in kind for b in kind if a < b]
    unlike = [cos_similarity(W[a], W[b]) for a in FOOD for b in TOWNS]
    assert min(alike) > 0.9 > 0.5 > max(unlike)


def test_columns_have_unit_size_and_no_vector_is_zeros():
    x = [*texts(np.random.default_rng(1)), np.array([1]), np.array([], np.int64)]
    W = ppmi_vectors(x, 20, 4, skipped=2, rng=0)
    assert np.square(W[2:14]).mean() == pytest.approx(1, rel=1e-5)
    assert not W[:2].any() and not W[14:].any()


def test_one_seed_gives_one_answer_whatever_the_global_state():
    x = list(texts(np.random.default_rng(2), 50))
    np.testing.assert_array_equal(ppmi_vectors(x, 14, 3, rng=7), ppmi_vectors(x, 14, 3, rng=7))


def test_a_window_ends_with_the_text():
    apart = ppmi_vectors([np.array([2, 3]), np.array([4, 5])] * 20, 6, 4, rng=0)
    assert abs(cos_similarity(apart[2], apart[4])) < 1e-3 and abs(cos_similarity(apart[3], apart[5])) < 1e-3


def test_the_inner_products_are_those_of_the_full_svd_of_the_books_ppmi(monkeypatch):
    monkeypatch.setattr("common.ppmi_vectors.SMOOTHING", 1.0)
    rng = np.random.default_rng(3)
    corpus = np.concatenate([np.append(text, text[0]) for text in texts(rng, 200)])
    W = ppmi_vectors([corpus], 14, 14, window=1, rng=0)
    U, S, _ = np.linalg.svd(np.log(2) * ppmi(create_co_matrix(corpus, 14)).astype(float))
    expected = U * np.sqrt(S)
    found, wanted = W @ W.T, expected @ expected.T
    np.testing.assert_allclose(found / found[2, 2], wanted / wanted[2, 2], atol=1e-4)


@pytest.mark.parametrize("x", [[], [np.array([2])], [np.array([0, 1])]])
def test_without_neighbours_there_are_no_vectors(x):
    assert not ppmi_vectors(x, 5, 8, skipped=2, rng=0).any()


def test_a_size_that_is_none_is_refused():
    with pytest.raises(ValueError, match="ppmi_vectors: expected size >= 1, got 0"):
        ppmi_vectors([np.array([2, 3])], 5, 0)
