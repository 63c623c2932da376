"""The vectors of a model of fastText are those of fastText itself and of gensim; what is wrong with one is one line."""

import gzip
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from gensim.models import FastText
from gensim.models.fasttext import load_facebook_vectors, save_facebook_model
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset.errors import DataError
from dataset.glove import load_vectors, vector_size
from dataset.reading.char_ngrams import ngram_hashes
from dataset.text import UNK, Vocab

KNOWN = ["film", "good", "\u0436", "\u043f\u0440\u0438\u043c\u0435\u0440", "\u4e0d", "\u559c\u6b22", "\U0001f600"]
KNOWN += ["caf\u00e9", "\u00e9", "a", "<b>", "x" * 30, "\U0001f44d\U0001f3fd", "a\u00a0b", "</s>"]
UNKNOWN = ["films", "\u4e0d\u559c\u6b22", "\U0001f600\U0001f600", "b", "<", ">", "\u00e9\u00e9\u00e9", "\u2028", "<a"]
SENTENCES = [[KNOWN[(3 * i + j * j) % (len(KNOWN) - 1)] for j in range(6)] for i in range(200)]
KINDS = {  # minn, maxn, bucket
    "as by default": (3, 6, 500),
    "minn 0": (0, 3, 500),
    "single characters": (1, 1, 500),
    "few buckets": (2, 5, 7),
    "longer than any word": (2, 40, 500),
    "no n-grams": (0, 0, 0),
    "minn above maxn": (5, 3, 500),
}


def model_bytes(words, rows, minn=3, maxn=6, bucket=5, labels=(), version=12, kind=1, **other):
    """A file as fastText writes it. rows: (words + bucket, D)."""
    of = {"D": len(rows[0]), "size": len(words) + len(labels), "count": len(words), "pruned": -1, "quantized": 0}
    of |= {"height": len(rows), **other}
    parts = [struct.pack("<2i12id", 793712314, version, of["D"], 5, 5, 1, 5, 1, 1, kind, bucket, minn, maxn, 100, 1e-4)]
    parts.append(struct.pack("<3iqq", of["size"], of["count"], len(labels), 100, of["pruned"]))
    for is_label, names in enumerate((words, labels)):
        parts += [word.encode() + struct.pack("<bqb", 0, 1, is_label) for word in names]
    parts += [struct.pack("<?qq", of["quantized"], of["height"], len(rows[0])), np.asarray(rows, "<f4").tobytes()]
    return b"".join([*parts, struct.pack("<?qq", 0, len(words), len(rows[0])), bytes(4 * len(words) * len(rows[0]))])


ROWS = np.random.default_rng(0).standard_normal((3 + 5, 4)).astype(np.float32)
WORDS = ["the", "film", "</s>"]
VOCAB = Vocab(["film", "films"])


@pytest.fixture
def write(tmp_path):
    def write(content, name="model.bin"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def message(path):
    """What the DataError says: one line."""
    with pytest.raises(DataError) as caught:
        load_vectors(path, VOCAB)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400 and str(path) in str(caught.value)
    return str(caught.value)


# ---- as fastText and gensim have them


def trained_by_fasttext(folder, kind="unsupervised", **options):
    """A model of fastText, and its file. Twelve threads: with fewer it leaves rows without a value."""
    fasttext = pytest.importorskip("fasttext", reason="fastText is not installed")
    label = "__label__a " if kind == "supervised" else ""
    (folder / "t.txt").write_text("".join(f"{label}{' '.join(words)}\n" for words in SENTENCES), encoding="utf-8")
    how = {"dim": 8, "epoch": 1, "minCount": 1, "thread": 12, "verbose": 0, **options}
    model = getattr(fasttext, f"train_{kind}")(str(folder / "t.txt"), **how)
    path = str(folder / "ft.bin")
    model.save_model(path)
    return model, path


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_has_the_vector_that_fasttext_gives_it(kind, tmp_path):
    minn, maxn, bucket = KINDS[kind]
    model = "cbow" if minn else "skipgram"
    theirs, path = trained_by_fasttext(tmp_path, minn=minn, maxn=maxn, bucket=bucket, model=model, t=1.0)
    words = KNOWN + UNKNOWN
    vectors = load_vectors(path, Vocab(words))
    right = np.array([theirs.get_word_vector(word) for word in words])
    np.testing.assert_allclose(vectors.W[2:], right, atol=1e-6)
    assert vectors.found[2:].tolist() == right.any(axis=1).tolist()


@pytest.mark.parametrize("options", [{}, {"minn": 2, "maxn": 3, "wordNgrams": 2}], ids=["words", "n-grams"])
@pytest.mark.parametrize("version", [11, 12])
def test_a_classifier_of_fasttext_has_word_vectors_and_labels_that_are_no_words(options, version, tmp_path):
    _, path = trained_by_fasttext(tmp_path, "supervised", bucket=100, **options)
    content = bytearray((tmp_path / "ft.bin").read_bytes())
    content[4] = version
    (tmp_path / "ft.bin").write_bytes(content)
    theirs = pytest.importorskip("fasttext").load_model(path)
    words = KNOWN + UNKNOWN
    vectors = load_vectors(path, Vocab([*words, "__label__a"]))
    np.testing.assert_allclose(vectors.W[2:-1], [theirs.get_word_vector(word) for word in words], atol=1e-6)
    assert vectors.notes[1] == "labels of a classifier, which are no words, left out: 1"


def test_a_model_that_fasttext_quantized_is_refused_with_the_way_out(tmp_path):
    theirs, path = trained_by_fasttext(tmp_path, "supervised", bucket=500, minn=2, maxn=3)
    theirs.quantize(input=str(tmp_path / "t.txt"))
    theirs.save_model(path)
    assert message(path).endswith(
        "got a quantized model of fastText (.ftz): give the .bin that it was made from, or its .vec"
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "minn above maxn"])
def test_every_word_has_the_vector_that_gensim_gives_it_but_for_the_end_of_a_line(kind, tmp_path):
    minn, maxn, bucket = KINDS[kind]
    how = {"vector_size": 8, "min_count": 1, "epochs": 1, "min_n": minn, "max_n": maxn, "bucket": bucket}
    path = str(tmp_path / "gensim.bin")
    save_facebook_model(FastText([*SENTENCES, ["</s>"]], **how), path)
    theirs = load_facebook_vectors(path)
    words = [*KNOWN[:-1], *(UNKNOWN if maxn else ())]
    vectors = load_vectors(path, Vocab([*words, "</s>"]))
    np.testing.assert_allclose(vectors.W[2:-1], theirs[words], atol=1e-6)
    bare = theirs.vectors_vocab[theirs.key_to_index["</s>"]]
    np.testing.assert_array_equal(vectors.W[-1], bare)
    assert maxn == 0 or np.abs(theirs["</s>"] - bare).max() > 1e-4  # findings/gensim-fasttext-line-end.sh


@settings(max_examples=40)
@given(st.lists(st.text(max_size=8), max_size=5), st.integers(0, 4), st.integers(0, 5))
def test_hashes_of_ngrams_are_those_of_a_plain_loop(words, minn, maxn):
    right = []
    for i, word in enumerate(words):
        text = f"<{word}>"
        for start in range(len(text)):
            for n in range(max(minn, 1), min(maxn, len(text) - start) + 1):
                if n > 1 or 0 < start < len(text) - 1:
                    h = 2166136261
                    for byte in text[start : start + n].encode():
                        h = ((h ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) % 2**32
                    right.append((i, h))
    owners, hashes = ngram_hashes([word.encode() for word in words], minn, maxn)
    assert sorted(zip(owners.tolist(), hashes.tolist())) == sorted(right)


# ---- what is said


def test_words_without_ngrams_are_zeros_and_said(write):
    vectors = load_vectors(write(model_bytes(WORDS, ROWS, minn=5)), Vocab(["film", "films", "b", "\u4e0d"]))
    assert vectors.notes == [
        "3 words and n-grams of 5 to 6 characters in 5 buckets, 4 numbers each",
        "words that are not among them, and made of their n-grams: 1",
        "words that are not among them and have no n-grams: 2 ('b', '\u4e0d'): zeros",
    ]
    assert vectors.found.tolist() == [False, False, True, True, False, False] and not vectors.W[4:].any()
    assert vectors.W[UNK].all()


def test_rows_that_are_exactly_zero_are_counted(write):
    rows = ROWS.copy()
    rows[4:] = 0
    vectors = load_vectors(write(model_bytes(WORDS, rows, bucket=5)), Vocab(["film", "unheardof"]))
    assert vectors.notes[2].startswith("rows that are exactly 0: 4 of the 6 that these words use (n-grams that")
    rows[3] = 0
    vectors = load_vectors(write(model_bytes(WORDS, rows, bucket=5)), Vocab(["film", "unheardof"]))
    assert vectors.notes[3] == "words all of whose rows are exactly 0, which count as not found: 1"
    assert vectors.found.tolist() == [False, False, True, False] and not vectors.W[3].any()


def test_a_model_in_a_gzip_or_zip_is_read(write, tmp_path):
    content = model_bytes(WORDS, ROWS)
    right = load_vectors(write(content), VOCAB).W
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.bin", content)
    for path in (write(gzip.compress(content), "model.bin.gz"), tmp_path / "x.zip"):
        np.testing.assert_array_equal(load_vectors(path, VOCAB).W, right)
        assert vector_size(path) == 4


def test_only_the_rows_that_are_needed_come_into_memory(tmp_path):
    D, bucket, path = 100, 200_000, tmp_path / "big.bin"
    content = model_bytes(WORDS, ROWS[:3, :1].repeat(D, axis=1), bucket=bucket, height=3 + bucket)
    with path.open("wb") as file:
        file.write(content)
        file.truncate(len(content) + 4 * D * bucket)  # zeros, which take no room
    tracemalloc.start()
    vectors = load_vectors(path, VOCAB)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert os.path.getsize(path) > 80e6 and peak < 8 << 20 and vectors.W[2].any()


# ---- bad input


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 10}, "expected a model of fastText of version 11 or 12, got version 10"),
        ({"version": 13}, "got version 13"),
        ({"pruned": 0}, "got a quantized model of fastText (.ftz)"),
        ({"pruned": 5}, "got a quantized model of fastText (.ftz)"),
        ({"quantized": 1}, "got a quantized model of fastText (.ftz)"),
        ({"size": 9}, "whose sizes do not fit each other (3 words, 0 labels, 9 entries"),
        ({"D": 0}, "whose sizes do not fit each other"),
        ({"D": 2**31 - 1}, "whose sizes do not fit each other"),
        ({"D": 5}, "expected 8 rows of 5 numbers, got 8 rows of 4: it is damaged"),
        ({"bucket": 2**31 - 1}, "expected 2,147,483,650 rows of 4 numbers, got 8 rows of 4"),
        ({"bucket": -5}, "whose sizes do not fit each other"),
        ({"maxn": 2**30}, "whose sizes do not fit each other"),
        ({"count": 2**31 - 1, "size": 2**31 - 1}, "in entry 4: it is damaged"),
        ({"height": 2**60}, "cut off"),
        ({"height": 7}, "expected 8 rows of 4 numbers, got 7 rows"),
        ({"height": -1}, "got -1 rows"),
    ],
)
def test_a_model_that_cannot_be_read_is_one_line(change, said, write):
    content = model_bytes(WORDS, ROWS, **change)
    tracemalloc.start()
    line = message(write(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said in line and peak < 32 << 20
    packed = message(write(gzip.compress(content), "model.gz"))
    assert said.partition(", got")[0] in packed


def test_numbers_that_are_not_finite_are_named_with_their_row(write):
    for bad in (np.nan, np.inf):
        rows = ROWS.copy()
        rows[1, 2] = bad
        assert message(write(model_bytes(WORDS, rows))).endswith("got others in row 2 of its input matrix")


def test_rows_that_are_finite_and_whose_sum_is_not_are_refused(write):
    assert "sums are finite" in message(write(model_bytes(WORDS, np.full_like(ROWS, 3e38))))


def test_a_model_that_is_cut_off_anywhere_is_one_line(write):
    content = model_bytes(WORDS, ROWS, labels=["__label__a"], kind=3)
    end = content.index(ROWS.tobytes()) + ROWS.nbytes
    for size in range(4, end, 5):
        assert "cut off" in message(write(content[:size])), size
    load_vectors(write(content[:end]), VOCAB)


@given(st.data())
def test_any_damaged_model_is_read_or_refused(tmp_path_factory, data):
    content = bytearray(model_bytes(WORDS, ROWS, labels=["__label__a"], kind=3))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.bin"
    path.write_bytes(content)
    try:
        vectors = load_vectors(path, VOCAB)
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(vectors.W).all()
