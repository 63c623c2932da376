"""Vectors from counts, their files, and the questions that are asked of them."""

import numpy as np
import pytest
from conftest import TWO, call, lines_of, normal

from ch_words.figures import draw_map, draw_times
from ch_words.reading import read_vectors
from ch_words.vectors import analogies_solved, neighbours_related, truncated_svd, write_vectors
from common.util import ppmi
from dataset.sentences import WORD_PAIRS


@pytest.mark.parametrize("V", [60, 5])
def test_the_truncated_svd_is_the_beginning_of_the_whole_one(V):
    M = ppmi(np.random.default_rng(0).poisson(0.5, (V, V)) + 1).astype(np.float64)
    M += M.T
    k = min(10, V)
    U, S, Vt = truncated_svd(M, k, rng=0)
    whole_U, whole_S, _ = np.linalg.svd(M)
    assert (U.shape, S.shape, Vt.shape) == ((V, k), (k,), (k, V))
    np.testing.assert_allclose(S, whole_S[:k], rtol=0.02)
    np.testing.assert_allclose(S[:3], whole_S[:3], rtol=1e-3)
    np.testing.assert_allclose(U.T @ U, np.eye(k), rtol=0, atol=1e-9)
    assert abs(whole_U[:, 0] @ U[:, 0]) > 0.999
    assert (np.take_along_axis(U, np.abs(U).argmax(axis=0)[None], axis=0) > 0).all()
    if V == 5:
        np.testing.assert_allclose((U * S) @ Vt, M, rtol=0, atol=1e-9)


def test_the_truncated_svd_finds_a_matrix_of_low_rank_whole_and_keeps_its_dtype():
    M = (normal(80, 4) @ normal(4, 80, seed=1)).astype(np.float32)
    U, S, Vt = truncated_svd(M, 4, rng=0)
    assert U.dtype == S.dtype == Vt.dtype == np.float32
    np.testing.assert_allclose((U * S) @ Vt, M, rtol=0, atol=1e-4)
    again, *_ = truncated_svd(M, 4, rng=1)
    np.testing.assert_allclose(again, U, rtol=0, atol=1e-4)  # another projection, the same vectors and signs


def vectors_of_pairs():
    """One vector for each relation, each pair and each side: all analogies hold. -> W, word_to_id."""
    rng, rows, word_to_id = np.random.default_rng(0), [], {}
    for pairs in WORD_PAIRS.values():
        relation, sides = rng.standard_normal(40), rng.standard_normal((2, 40))
        for pair in pairs:
            own = rng.standard_normal(40)
            for word, side in zip(pair, sides):
                word_to_id[word] = len(rows)
                rows.append(own + 4 * relation + side)
    return np.array(rows), word_to_id


def test_analogies_and_neighbours_are_counted():
    W, word_to_id = vectors_of_pairs()
    assert analogies_solved(W, word_to_id) == 1 and neighbours_related(W, word_to_id) == 1
    assert analogies_solved(7 * W, word_to_id) == 1  # of vectors of any length
    noise = normal(*W.shape)
    assert analogies_solved(noise, word_to_id) < 0.1 and neighbours_related(noise, word_to_id) < 0.5
    broken = W.copy()
    broken[word_to_id["queen"]] = normal(40, seed=5)
    assert analogies_solved(broken, word_to_id) == pytest.approx(1 - 10 / 150)  # it is b or d of ten


def test_vectors_are_written_and_read_back(here):
    W = normal(4, 3, dtype=np.float32)
    write_vectors("v.txt", W, {0: "good", 1: "<eos>", 2: "naïve", 3: "1.5"})
    assert (here / "v.txt").read_text(encoding="utf-8").splitlines()[0] == "4 3"
    found, word_to_id, id_to_word = read_vectors("v.txt")
    np.testing.assert_allclose(found, W, rtol=1e-5)
    assert word_to_id == {"good": 0, "<eos>": 1, "naïve": 2, "1.5": 3} and id_to_word[2] == "naïve"
    assert [path.name for path in here.iterdir()] == ["v.txt"]


def test_sentifish_train_reads_what_is_written(here, capsys):
    (here / "two.tsv").write_text(lines_of(TWO))
    words = ["good", "fine", "bad", "poor", "thing"]
    write_vectors("v.txt", normal(5, 6), dict(enumerate(words)))
    assert call("train", "--data", "two.tsv", "--embedding", "v.txt", "--epochs", 1, "--hidden", 4, "--out", "run") == 0
    assert "5 rows of 6 numbers" in capsys.readouterr().out.replace("v.txt: ", "")


def test_maps_are_drawn_of_pairs_or_of_the_first_words(here):
    W, word_to_id = vectors_of_pairs()
    draw_map("pairs.png", W, word_to_id)
    draw_map("words.png", normal(9, 3), {f"w{i}": i for i in range(9)})
    draw_times("times.png", {"one": {10: 1.0, 100: 2.0}, "other": {10: 3.0}})
    for name in ("pairs", "words", "times"):
        assert (here / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OSError, match=r"no/folder\.png: cannot be written") as refused:
        draw_times("no/folder.png", {"one": {10: 1.0}})
    assert len(str(refused.value).splitlines()) == 1
