"""Files of word vectors as people have them are read, odd rows counted, and other files named with the way out."""

import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from dataset.errors import DataError
from dataset.glove import load_vectors, vector_size
from dataset.reading import vector_file
from dataset.text import Vocab

ROWS = "the 1 2 3\nfilm -1 0.5 2e-1\n, 4 4 4\n"
RIGHT = np.float32([[1, 2, 3], [-1, 0.5, 0.2], [4, 4, 4]])
VOCAB = Vocab(["the", "film", ","])


@pytest.fixture
def write(tmp_path):
    def write(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def binary(words, W, end=b"\n", header=None):
    """A file of word2vec."""
    words = [word if isinstance(word, bytes) else word.encode("utf-8") for word in words]
    rows = b"".join(word + b" " + row.astype("<f4").tobytes() + end for word, row in zip(words, W))
    return (f"{len(words)} {len(W[0])}\n" if header is None else header).encode() + rows


def message(path):
    """What the DataError says: one line."""
    with pytest.raises(DataError) as caught:
        load_vectors(path, VOCAB)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    return str(caught.value)


# ---- what is read

FORMS = {
    "GloVe": ROWS,
    "word2vec as text": "3 3\n" + ROWS,
    "fastText, with spaces at the end": "3 3\n" + ROWS.replace("\n", " \n"),
    "header with spaces and CRLF": "3 3 \r\n" + ROWS.replace("\n", "\r\n"),
    "header with a tab": "3\t3\n" + ROWS,
    "byte order mark": "\ufeff" + ROWS,
    "byte order mark before a header": "\ufeff3 3\n" + ROWS,
    "CRLF": ROWS.replace("\n", "\r\n"),
    "no last line end": ROWS.rstrip("\n"),
    "blank lines": "\n" + ROWS + "\n \n",
    "tabs": ROWS.replace(" ", "\t"),
    "a tab after the word": "the\t1 2 3\nfilm\t-1 0.5 2e-1\n,\t4 4 4\n",
    "several spaces": "the  1 2 3\nfilm   -1 0.5 2e-1\n, 4  4   4\n",
    "word2vec, binary": binary(VOCAB.words, RIGHT),
    "word2vec, binary without line ends": binary(VOCAB.words, RIGHT, b""),
}


@pytest.mark.parametrize("packed", [lambda content: content, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", FORMS)
def test_forms_that_such_files_come_in(write, form, packed):
    content = FORMS[form]
    path = write(packed(content if isinstance(content, bytes) else content.encode("utf-8")), "some.vectors")
    vectors = load_vectors(path, VOCAB)
    np.testing.assert_array_equal(vectors.W[2:], RIGHT)
    assert vectors.found[2:].all() and vectors.notes == ["3 rows of 3 numbers"]


@pytest.mark.parametrize("name", ["wiki.vec", "model.bin", "GoogleNews.bin.gz", "a/b.txt"])
def test_the_one_file_of_a_zip_is_read(tmp_path, name):
    content = binary(VOCAB.words, RIGHT) if ".bin" in name else ROWS.encode()
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, gzip.compress(content) if name.endswith(".gz") else content)
        archive.writestr("README", "x")
        archive.writestr("__MACOSX/._x.txt", "x")
    np.testing.assert_array_equal(load_vectors(tmp_path / "x.zip", VOCAB).W[2:], RIGHT)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_binary_file_of_many_chunks(write, monkeypatch, end):
    rows = np.random.default_rng(0).standard_normal((500, 7)).astype(np.float32)
    words = [f"w{i}\u00e9" for i in range(500)]
    path = write(binary(words, rows, end))
    for chunk in (1, 13, 100, 1000):
        monkeypatch.setattr(vector_file, "_CHUNK", chunk if chunk > 13 else 5000)
        np.testing.assert_array_equal(load_vectors(path, Vocab(words)).W[2:], rows)


def test_all_float32_bits_may_stand_in_a_binary_file(write):
    rows = np.frombuffer(b" \n0 1\n2 3.5 -\r\n " * 3, "<f4").reshape(3, 4)  # spaces and line ends
    assert np.isfinite(rows).all()
    path = write(binary(["the", "film", ","], np.concatenate((rows, np.float32([[1, -1, 0.1, 0]])[[0, 0, 0]]), axis=1)))
    np.testing.assert_array_equal(load_vectors(path, VOCAB).W[2:, :4], rows)


def test_a_pipe_is_read(write, tmp_path):
    import os
    import threading

    fifo = tmp_path / "pipe"
    try:
        os.mkfifo(fifo)
    except (AttributeError, OSError):
        pytest.skip("no pipes here")
    content = "".join(f"w{i} {i} 1\n" for i in range(50_000))
    writer = threading.Thread(target=lambda: fifo.write_bytes(gzip.compress(content.encode())))
    writer.start()
    vectors = load_vectors(fifo, Vocab(["w49999"]))
    writer.join()
    assert vectors.W[2].tolist() == [49999, 1] and vectors.notes == ["50,000 rows of 2 numbers"]


@pytest.mark.parametrize("form", ["text", "binary"])
def test_memory_does_not_grow_with_the_file(write, form):
    peaks = []
    for V in (20_000, 80_000):
        W = np.ones((V, 50), np.float32)
        words = [f"w{i}" for i in range(V)]
        if form == "binary":
            path = write(binary(words, W))
        else:
            path = write("".join(f"{word} {' '.join(['1.5'] * 50)}\n" for word in words))
        tracemalloc.start()
        load_vectors(path, Vocab(["w7"]))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 60_000 * 40 and peaks[1] < 24 << 20  # bytes; a row has 200


PEOPLE = [
    "#",
    '"',
    "'",
    "nan",
    "null",
    "NaN",
    "inf",
    "1",
    "-2.5",
    "a\u00a0b",
    "c\u0085d",
    "e\u2028f",
    "\u00a0",
    "\u0085",
]
PEOPLE += [
    "\u2028",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u4e0d\u559c\u6b22",
    "\U0001f600",
    "x" * 300,
    "</s>",
    "<unk>",
    "the",
]


@pytest.mark.parametrize("how", [{}, {"binary": True}, {"write_header": False}], ids=["text", "binary", "GloVe"])
def test_what_gensim_writes_is_read_word_by_word(how, tmp_path):
    rows = np.random.default_rng(0).standard_normal((len(PEOPLE), 7)).astype(np.float32)
    vectors = KeyedVectors(7)
    vectors.add_vectors(PEOPLE, rows)
    vectors.save_word2vec_format(str(tmp_path / "v"), **how)
    read = load_vectors(tmp_path / "v", Vocab(PEOPLE))
    np.testing.assert_allclose(read.W[2:], rows, atol=1e-6)
    assert read.found[2:].all() and read.notes[0] == f"{len(PEOPLE)} rows of 7 numbers"


def test_most_words_may_have_spaces(write):
    words = [". . .", "at name@domain.com", ". . . . .", "\u2022 name@domain.com", "the", "."]
    path = write("".join(f"{word} {i}.5 -1 2e-1\n" for i, word in enumerate(words)))
    assert vector_size(path) == 3
    np.testing.assert_array_equal(load_vectors(path, Vocab(words)).W[2:, 0], np.arange(6) + 0.5)


# ---- odd rows

ODD = [
    ("cat 1 2", "2 fields after 'cat', '1 2'"),
    ("cat 1 2 3 4", "4 fields after 'cat', '1 2 3 4'"),
    ("cat 1 x 3", "3 fields after 'cat', '1 x 3'"),
    ("cat 1 nan 3", "3 fields after 'cat', '1 nan 3'"),
    ("cat 1 inf 3", "3 fields after 'cat', '1 inf 3'"),
    ("cat 1 1e99 3", "3 fields after 'cat', '1 1e99 3'"),
    ("cat 1 2_0 3", "3 fields after 'cat', '1 2_0 3'"),
    ("cat 1  3", "2 fields after 'cat', '1  3'"),
    ("cat", "no numbers in 'cat'"),
    (" 1 2 3", "no word in ' 1 2 3'"),
    ("cat 1 \u0665 3", "3 fields after 'cat', '1 \u0665 3'"),
]


@pytest.mark.parametrize("header", ["", "4 3\n"])
@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize(("line", "reason"), ODD)
def test_one_odd_row_is_counted_and_never_refuses_the_file(write, line, reason, place, header):
    lines = ROWS.splitlines()
    lines.insert(place, line)
    vectors = load_vectors(write(header + "\n".join(lines)), VOCAB)
    np.testing.assert_array_equal(vectors.W[2:], RIGHT)
    number = place + 1 + bool(header)
    assert vectors.notes == [
        "3 rows of 3 numbers",
        f"odd lines left out: 1 ({number}); line {number}: {reason}",
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 1024])
def test_odd_rows_are_counted_across_blocks_and_the_first_three_named(write, monkeypatch, size):
    monkeypatch.setattr(vector_file, "BLOCK", size)
    content = "".join(f"w{i} {'x' if i in (7, 20, 21, 40) else i} 1\n" for i in range(50))
    vectors = load_vectors(write(content), Vocab([f"w{i}" for i in range(50)]))
    assert vectors.notes == [
        "46 rows of 2 numbers",
        "odd lines left out: 4 (8, 21, 22, ...); line 8: 2 fields after 'w7', 'x 1'",
    ]
    assert vectors.found.sum() == 46 and vectors.W[2 + 41].tolist() == [41, 1]


@pytest.mark.parametrize("size", [1, 1024])
def test_odd_rows_of_several_kinds_are_named_in_the_order_of_the_file(write, monkeypatch, size):
    monkeypatch.setattr(vector_file, "BLOCK", size)
    content = "".join(f"w{i} {i} 1\n" for i in range(9)) + "short 1\nx nan 1\nalone\ny 1 2 3\n"
    assert load_vectors(write(content), Vocab(["w1"])).notes == [
        "9 rows of 2 numbers",
        "odd lines left out: 4 (10, 11, 12, ...); line 10: 1 fields after 'short', '1'",
    ]


def test_an_odd_row_changes_nothing_for_the_words_without_a_row(write):
    clean, odd = (load_vectors(write(ROWS + more), Vocab(["zebra"])).W for more in ("", "cat 1000 2000\n"))
    np.testing.assert_array_equal(clean, odd)


def test_words_with_spaces_are_no_odd_rows_with_or_without_a_header(write):
    odd = ["at name@domain.com", ". . .", "a\u0085b", "a\u00a0b", "3.5", "\u65e5\u672c"]
    rows = "".join(f"{word} {i} {i} {i}\n" for i, word in enumerate(odd))
    for content in (rows + ROWS, ROWS + rows, "9 3\n" + rows + ROWS):
        vectors = load_vectors(write(content), Vocab(odd))
        assert vectors.found[2:].all() and vectors.notes == ["9 rows of 3 numbers"]
        np.testing.assert_array_equal(vectors.W[2:, 1], np.arange(len(odd)))


def test_a_header_that_does_not_fit_the_rows_is_overruled_and_its_number_of_rows_compared(write):
    vectors = load_vectors(write("5 300\n" + ROWS), VOCAB)
    np.testing.assert_array_equal(vectors.W[2:], RIGHT)
    assert vectors.notes == ["3 rows of 3 numbers", "its header promises 5 rows, it has 3"]
    assert load_vectors(write("7 3\n8 4\n"), Vocab(["7", "8"])).W[2:].tolist() == [[3], [4]]  # no header: D is 1


def test_words_that_are_no_utf8_are_counted(write):
    latin1 = "caf\u00e9 5 5 5\n".encode("latin-1")
    for content in (ROWS.encode() + latin1, binary([*VOCAB.words, b"caf\xc3"], [*RIGHT, RIGHT[0]])):
        vectors = load_vectors(write(content), VOCAB)
        np.testing.assert_array_equal(vectors.W[2:], RIGHT)
        assert vectors.notes == ["4 rows of 3 numbers", "rows left out whose word is no UTF-8: 1"]


def test_odd_rows_of_a_binary_file_are_counted(write):
    W = np.concatenate((RIGHT, np.float32([[1, np.nan, 1], [1, 1, 1]])))
    content = binary([*VOCAB.words, "cat", ""], W)
    vectors = load_vectors(write(content), VOCAB)
    np.testing.assert_array_equal(vectors.W[2:], RIGHT)
    assert vectors.notes == [
        "3 rows of 3 numbers",
        "odd rows left out: 2 (4, 5); row 4: a number of 'cat' is not finite",
    ]
    vectors = load_vectors(write(binary([*VOCAB.words, "cat"], W[[0, 1, 2, 0]], header="9 3\n")[:-6]), VOCAB)
    assert vectors.notes == [
        "3 rows of 3 numbers",
        "odd rows left out: 1 (4); row 4: it is cut off",
        "its header promises 9 rows, it has 4",
    ]


# ---- what is refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected lines of a word and its numbers, got none"),
        ("5 50\n", "expected lines of a word and its numbers, got none"),
        ("\n \n", "expected lines of a word and its numbers, got none"),
        ("the\nfilm\n", "expected a word and its numbers, got others on 2 of 2 lines (line 1: no numbers in 'the')"),
        (
            "a b c\n",
            "expected a word and 2 finite numbers, got others on 1 of 1 lines (line 1: 2 fields after 'a', 'b c')",
        ),
        (
            "I liked it\nIt is good\nthe 1 2\n",
            "expected a word and 2 finite numbers, got others on 2 of 3 lines (line 1: 2 fields after 'I', 'liked it')",
        ),
    ],
)
def test_a_file_of_which_most_is_odd_is_refused_in_one_line(write, content, said):
    path = write(content)
    assert message(path) == f"{path}: {said}"


def test_a_file_of_words_that_are_mostly_no_utf8_is_refused(write):
    content = "".join(f"\u0434\u043e\u043c{i} 1 2 3\n" for i in range(9))
    assert message(write(content.encode("cp1251"))).endswith("others on 9 of 9 lines (words that are no UTF-8)")


def test_a_binary_file_that_is_out_of_step_is_refused(write):
    W = np.random.default_rng(0).standard_normal((900, 5)).astype(np.float32)
    said = message(write(binary([f"New York {i}" for i in range(900)], W)))
    assert "expected a word and 5 finite numbers, got others on " in said and " rows (row " in said


def test_a_file_that_goes_wrong_later_is_refused_too(write):
    path = write(ROWS * 400 + "no vectors here\n" * 1300)
    assert message(path).startswith(f"{path}: expected a word and 3 finite numbers, got others on 1,")


def npz():
    stored = io.BytesIO()
    np.savez(stored, W=RIGHT)
    return stored.getvalue()


def npy():
    stored = io.BytesIO()
    np.save(stored, RIGHT)
    return stored.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "way_out"),
    [
        (pickle.dumps({"the": [1.0, 2.0]}), "a pickle (gensim's save, PyTorch)", "model.wv.save_word2vec_format("),
        (pickle.dumps([1], protocol=2), "a pickle", "save_word2vec_format"),
        (npy(), "a NumPy array (.npy), which holds no words", "save it as text"),
        (npz(), "an archive of arrays (.npz, PyTorch)", "save it as text"),
        (
            struct.pack("<Q", 60) + b'{"W":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}    ',
            "a safetensors file",
            "text",
        ),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file (ELMo, Keras)", "save it as text"),
        (b"SQLite format 3\0" + bytes(100), "a database (Magnitude)", "the file that it was made from"),
        (ROWS.encode("utf-16"), "UTF-16", "save it as UTF-8"),
        (b"BZh91AY&SY", "a packed file", "unpack it"),
        (bytes(257) + b"ustar" + bytes(300), "a tar archive", "unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a pointer of Git LFS", "git lfs pull"),
        (bytes(range(256)) * 9, "a binary file of an unknown kind", "save it as text"),
    ],
)
def test_a_file_of_another_kind_is_named_with_the_way_out(write, content, kind, way_out):
    for path in (write(content, "model.bin"), write(gzip.compress(content), "model.gz")):
        said = message(path)
        assert said.startswith(f"{path}: expected lines of a word and its numbers, got {kind}") and way_out in said


def test_a_damaged_gzip_is_one_line(write):
    content = gzip.compress("".join(f"w{i} {i} {i}\n" for i in range(9999)).encode())
    damaged = bytearray(content)
    damaged[500:540] = bytes(40)
    for bad in (content[: len(content) // 2], bytes(damaged), content[:-5] + b"abcde"):
        assert "expected a whole gzip file, got a damaged one" in message(write(bad, "x.gz"))


def test_a_line_without_end_is_not_read_to_its_end(write, monkeypatch):
    monkeypatch.setattr(vector_file, "_LONGEST_LINE", 100)
    assert message(write(ROWS + "x" * 1000)).endswith(", line 4: expected at most 100 bytes in a line, got more")


def test_a_binary_file_whose_words_have_no_end_is_refused(write, monkeypatch):
    monkeypatch.setattr(vector_file, "_LONGEST_WORD", 100)
    said = message(write(b"1 3\n" + bytes(5000)))
    assert said.endswith("got others on 1 of 1 rows (row 1: no end of its word)")


@given(st.binary(max_size=60) | st.text(st.sampled_from(" 1.e-x\n\r\u00e9\t"), max_size=60).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    for header in (b"", b"2 2\n", b"1 1\n"):
        path.write_bytes(header + content)
        try:
            vectors = load_vectors(path, Vocab(["1", "x"]))
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert np.isfinite(vectors.W).all()
