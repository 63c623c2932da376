"""What the loader of word vectors promises: the right rows, the same draw for the same word, one line for bad files."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataset.glove
import dataset.reading.vector_file
from dataset.errors import DataError
from dataset.glove import MEMBERS, Coverage, _normal_from_hash, load_vectors
from dataset.text import PAD, UNK, Vocab

ROWS = "the 1 2 3\nfilm -1 0.5 2e-1\n, 4 4 4\n"
DATA = os.environ.get("SENTIFISH_TEST_DATA")


@pytest.fixture
def write(tmp_path):
    def write(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def zipped(tmp_path):
    def zipped(members, name="vectors.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return zipped


# ---- rows


def test_rows_follow_the_ids_and_the_padding_is_zero(write):
    vectors = load_vectors(write(ROWS), Vocab(["film", "zebra", "the"]))
    assert vectors.W.dtype == np.float32 and vectors.W.shape == (5, 3)
    assert vectors.found.tolist() == [False, False, True, False, True]
    np.testing.assert_array_equal(vectors.W[[PAD, 2, 4]], np.float32([[0, 0, 0], [-1, 0.5, 0.2], [1, 2, 3]]))
    assert np.isfinite(vectors.W).all() and vectors.W[[UNK, 3]].all()


def test_words_may_hold_spaces_other_white_space_and_numbers(write):
    odd = ["at name@domain.com", ". . .", "a\u0085b", "a\u00a0b", "3.5", "\u65e5\u672c"]
    content = ROWS + "".join(f"{word} {i} {i} {i}\n" for i, word in enumerate(odd))
    vectors = load_vectors(write(content), Vocab(odd))
    assert vectors.found[2:].all()
    np.testing.assert_array_equal(vectors.W[2:, 1], np.arange(len(odd)))


def test_a_file_of_many_blocks_is_read_as_one_of_a_single_block(write, monkeypatch):
    rows = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    words = [f"w{i}\u00e9" for i in range(len(rows))]
    path = write("".join(f"{w} {' '.join(map(repr, map(float, row)))}\n" for w, row in zip(words, rows)))
    vocab = Vocab([*reversed(words), "zebra"])
    whole = load_vectors(path, vocab)
    np.testing.assert_array_equal(whole.W[2:-1], rows[::-1])
    for size in (7, 100, 299):
        monkeypatch.setattr(dataset.reading.vector_file, "BLOCK", size)
        np.testing.assert_allclose(load_vectors(path, vocab).W, whole.W, atol=1e-6)


# ---- words without a vector


def test_a_word_without_a_vector_has_the_same_one_in_every_vocabulary_and_process(write):
    path = write(ROWS)
    one = load_vectors(path, Vocab(["zebra", "film", "gnu"])).W
    other = load_vectors(path, Vocab(["gnu", "of", "zebra"])).W
    np.testing.assert_array_equal(one[[UNK, 2, 4]], other[[UNK, 4, 2]])
    assert len(np.unique(one, axis=0)) == len(one)
    script = (
        "import sys; from dataset.glove import load_vectors; from dataset.text import Vocab;"
        "print(load_vectors(sys.argv[1], Vocab(['gnu'])).W[2].tolist())"
    )
    for seed in ("1", "2"):
        answer = subprocess.run(  # noqa: S603
            [sys.executable, "-c", script, path],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(dataset.__file__).parent.parent,
        )
        assert answer.stdout.strip() == str(one[4].tolist())


def test_the_draw_is_of_standard_normal_numbers_that_never_change():
    draws = np.stack([_normal_from_hash(f"word{i}", 50) for i in range(2000)])
    assert abs(draws.mean()) < 0.01 and abs(draws.std() - 1) < 0.01
    assert np.abs(np.corrcoef(draws.T) - np.eye(50)).max() < 0.15
    np.testing.assert_allclose(_normal_from_hash("zebra", 3), [0.07268987182, -0.9287680018, -1.285210769], rtol=1e-9)


def test_they_have_the_mean_and_the_spread_of_all_rows_of_the_file(write):
    rng = np.random.default_rng(1)
    mean, spread = np.array([1000.0, -1.0, 0.0]), np.array([0.01, 2.0, 0.0])
    rows = mean + spread * rng.standard_normal((500, 3))
    path = write("".join(f"w{i} {a:.6f} {b:.6f} {c:.6f}\n" for i, (a, b, c) in enumerate(rows)))
    W = load_vectors(path, Vocab([f"missing{i}" for i in range(2000)])).W[2:].astype(np.float64)
    np.testing.assert_allclose(W.mean(axis=0), rows.mean(axis=0), atol=0.2)
    assert abs(W[:, 0].mean() - rows[:, 0].mean()) < 0.001
    np.testing.assert_allclose(W.std(axis=0), rows.std(axis=0), rtol=0.05, atol=1e-6)


@given(st.text(st.characters()), st.integers(1, 9))
def test_any_word_has_a_finite_draw(word, D):
    assert _normal_from_hash(word, D).shape == (D,) and np.isfinite(_normal_from_hash(word, D)).all()


def test_a_contraction_is_the_mean_of_its_two_parts(write):
    path = write("do 1 2\nn't 3 4\nca 5 6\nit 7 8\n's 9 0\no'brien 1 1\nshe 2 2\n")
    words = ["don't", "can't", "it's", "o'brien", "she'll", "n't", "o'neill", "'s"]
    vectors = load_vectors(path, Vocab(words))
    rows = dict(zip(words, vectors.W[2:].tolist()))
    assert rows["don't"] == [2, 3] and rows["can't"] == [4, 5] and rows["it's"] == [8, 4]
    assert rows["o'brien"] == [1, 1] and rows["n't"] == [3, 4] and rows["'s"] == [9, 0]
    assert vectors.found[2:].tolist() == [True] * 4 + [False, True, False, True]  # no row for 'll, o and 'neill


def test_parts_are_found_wherever_they_stand_in_the_file(write, monkeypatch):
    monkeypatch.setattr(dataset.reading.vector_file, "BLOCK", 1)
    vectors = load_vectors(write("n't 3 4\nfilm 0 0\ndo 1 2\nn't 9 9\n"), Vocab(["don't"]))
    assert vectors.W[2].tolist() == [2, 3] and vectors.found[2]


# ---- words in other forms


def test_a_word_without_a_row_of_its_own_gets_that_of_its_capitals(write):
    content = "Good 1 1\ngood 2 2\nFilm 3 3\nFILM 4 4\nUSA 5 5\ndon\u2019t 6 6\ncafe\u0301 7 7\n"
    content += ":D 8 8\n\u2764\ufe0f 9 9\nNew_York 0 1\n"
    words = ["good", "film", "usa", "don't", "caf\u00e9", ":d", "\u2764", "york"]
    vectors = load_vectors(write(content), Vocab(words))
    assert vectors.W[2:-1, 0].tolist() == [2, 3, 5, 6, 7, 8, 9]
    assert vectors.found[2:].tolist() == [True] * 7 + [False]
    assert vectors.notes == [
        "10 rows of 2 numbers",
        "words found in capitals or in another Unicode form only: 6",
    ]


def test_the_parts_of_a_contraction_may_stand_there_in_capitals(write):
    assert load_vectors(write("Did 1 2\nN'T 3 4\n"), Vocab(["didn't"])).W[2].tolist() == [2, 3]


def test_the_first_row_of_a_word_counts_and_the_others_are_said(write):
    vectors = load_vectors(write(ROWS + "the 7 7 7\nother 1 1 1\nother 2 2 2\nthe 8 8 8\n"), Vocab(["the", "film"]))
    assert vectors.W[2].tolist() == [1, 2, 3]
    assert vectors.notes == [
        "7 rows of 3 numbers",
        "words with more than one row, of which the first counts: 2",
    ]


def test_the_row_for_unknown_words_is_that_of_the_file(write):
    vectors = load_vectors(write(ROWS + "<unk> 7 8 9\n"), Vocab(["the"]))
    assert vectors.W[UNK].tolist() == [7, 8, 9] and not vectors.found[UNK]
    assert vectors.notes == ["4 rows of 3 numbers", "its row <unk> is the vector of unknown words"]


# ---- coverage


def test_a_file_that_has_none_of_the_words_is_remarked_with_its_own(write):
    path = write('"the" 1 2\n"good" 3 4\n')
    assert load_vectors(path, Vocab.build([["the", "good"]])).notes[1:] == [
        """none of the 2 words of the texts is in it; its first ones are '"the"', '"good"'"""
    ]
    assert load_vectors(write(" the 1 2\n good 3 4\n"), Vocab.build([["the", "good"]])).found.tolist()[2:] == [
        True,
        True,
    ]


def test_coverage_counts_tokens_and_words(write):
    vocab = Vocab(["film", "zebra", "the", "gnu"])
    vectors = load_vectors(write(ROWS), vocab)
    x = [vocab.encode(["the", "film", "the", "zebra"]), vocab.encode(["the", "unheard"]), np.array([2, PAD, PAD])]
    assert vectors.coverage(x) == Coverage(tokens=5 / 7, types=2 / 4)
    assert str(vectors.coverage(x)) == "vectors for 71.4% of the tokens and 50.0% of the words"
    assert vectors.coverage(iter(x)) == vectors.coverage(x)


def test_no_words_are_covered_by_nothing(write):
    path = write(ROWS)
    assert load_vectors(path, Vocab([])).coverage([]) == Coverage(0.0, 0.0)
    assert load_vectors(path, Vocab(["the"])).coverage([np.array([], np.int32)]) == Coverage(0.0, 1.0)


@pytest.mark.parametrize("ids", [[-1], [3]])
def test_coverage_wants_ids_of_the_vocabulary(write, ids):
    with pytest.raises(ValueError, match=f"ids from 0 to 2, got {ids[0]} to {ids[0]}"):
        load_vectors(write(ROWS), Vocab(["the"])).coverage([np.array(ids)])


# ---- zip files


def test_a_member_is_read_out_of_its_zip_and_nothing_is_unpacked(zipped, tmp_path):
    path = zipped({"one.txt": ROWS, "readme.md": "words"})
    assert load_vectors(path, Vocab(["the"])).W[2].tolist() == [1, 2, 3]
    path = zipped({"a/one.txt": "the 1\n", "two.txt": "the 2\n"})
    assert load_vectors(path / "two.txt", Vocab(["the"])).W[2].tolist() == [2]
    assert load_vectors(path / "a/one.txt", Vocab(["the"])).W[2].tolist() == [1]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_name_fetches_the_archive_and_reads_its_member(zipped, monkeypatch):
    archive = zipped({member: f"the {name.removeprefix('glove.')}\n" for name, member in MEMBERS.items()})
    asked = []
    monkeypatch.setattr(dataset.glove, "fetch", lambda name: asked.append(name) or archive)
    for name in ("glove.50", "glove.100", "glove.200", "glove.300"):
        assert load_vectors(name, Vocab(["the"])).W[2, 0] == int(name.removeprefix("glove."))
    assert set(asked) == {"glove.6B.zip"}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"readme.md": "x"}, "expected one .txt, .vec, .bin, .gz file in it, got none"),
        ({"a.txt": "x", "b.txt": "y"}, "expected one .txt, .vec, .bin, .gz file in it, got 'a.txt', 'b.txt' "),
    ],
)
def test_a_zip_must_hold_one_text(zipped, members, said):
    path = zipped(members)
    assert message(path).startswith(f"{path}: {said}")


def test_a_member_that_is_not_there_is_named(zipped, monkeypatch):
    path = zipped({"b.txt": ROWS})
    assert message(path / "c.txt") == f"{path}: expected c.txt in it, got 'b.txt'"
    monkeypatch.setattr(dataset.glove, "fetch", lambda name: path)
    assert message("glove.50") == f"{path}: expected glove.6B.50d.txt in it, got 'b.txt'"


def test_a_damaged_zip_is_one_line(zipped, write):
    assert "expected a whole .zip file" in message(write("no zip", "no.zip"))
    content = zipped({"a.txt": "".join(f"w{i} {i} {i}\n" for i in range(9999))}).read_bytes()
    assert "expected a whole .zip file" in message(write(content[: len(content) // 2], "half.zip"))
    damaged = bytearray(content)
    damaged[5000:5040] = bytes(40)
    assert "damaged.zip" in message(write(bytes(damaged), "damaged.zip"))


# ---- bad input


def message(source):
    """What the DataError says: one line."""
    with pytest.raises(DataError) as caught:
        load_vectors(source, Vocab(["the", "film"]))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    return str(caught.value)


def test_what_is_no_file_is_one_line(tmp_path):
    assert message("glove.49").startswith("glove.49: expected a file, or one of glove.50, glove.100, glove.200,")
    assert "none of this name" in message(tmp_path / "missing.zip")
    assert "cannot be read" in message(tmp_path)


@given(st.text(st.sampled_from(" 1.e-x\n\r\u00e9\t"), max_size=60))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(content.encode())
    try:
        vectors = load_vectors(path, Vocab(["1", "x"]))
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(vectors.W).all()


# ---- the real file


@pytest.mark.skipif(DATA is None, reason="SENTIFISH_TEST_DATA is not set")
def test_the_beginning_of_the_real_file():
    vectors = load_vectors(Path(DATA) / "glove" / "glove.6B.50d.top10361.txt", Vocab(["the", "film", "qwxyz", "good"]))
    assert vectors.W.shape == (6, 50) and vectors.found.tolist() == [False, False, True, True, False, True]
    np.testing.assert_allclose(vectors.W[2, :3], [0.418, 0.24968, -0.41242], rtol=1e-6)
    film, good = vectors.W[3], vectors.W[5]
    assert film @ good / np.linalg.norm(film) / np.linalg.norm(good) > 0.4
