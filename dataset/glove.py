"""Word vectors from a text file in the format of GloVe: a word and its D numbers on each line.
The file is read in one pass, also inside a .zip, and only the rows of a vocabulary are stored.
Pennington, Socher and Manning 2014."""

import contextlib
import hashlib
import io
import itertools
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import DataError, reading
from dataset.lines import decode_lines
from dataset.store.fetch import fetch
from dataset.text import PAD, UNK

ARCHIVE = "glove.6B.zip"
MEMBERS = {f"glove.{size}": f"glove.6B.{size}d.txt" for size in (50, 100, 200, 300)}

_BLOCK = 1024  # lines that are parsed at a time
_BUFFER = 1 << 20  # bytes of a .zip that are unpacked at a time
_SHOWN = 40  # characters of a bad line in a message
_HEADER = re.compile("[0-9]+ [0-9]+")  # of word2vec: number of rows, and D
_ZIP_DEFECTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Coverage:
    """The share of a corpus that has vectors, 0 to 1: of its tokens, and of the words of its vocabulary (types)."""

    tokens: float
    types: float

    def __str__(self):
        return f"vectors for {self.tokens:.1%} of the tokens and {self.types:.1%} of the words"


@dataclass(frozen=True)
class Vectors:
    """W: (V, D) float32, a row for each id of the vocabulary. found: (V,) bool, True where the file has that word."""

    W: np.ndarray
    found: np.ndarray

    def coverage(self, x):
        """-> Coverage of a corpus by the vectors of the file. UNK is a token without a vector, PAD is not counted.

        x: iterable of (T,) integer id arrays, as `Vocab.encode` returns them. The coverage of an empty corpus or
        vocabulary is 0. ValueError for an id outside 0 .. V - 1.
        """
        V = len(self.found)
        counts = np.zeros(V, dtype=np.int64)
        for ids in x:
            ids = np.asarray(ids)
            if ids.size and not 0 <= ids.min() <= ids.max() < V:
                raise ValueError(f"Vectors.coverage: expected ids from 0 to {V - 1}, got {ids.min()} to {ids.max()}")
            counts += np.bincount(ids, minlength=V)
        counts[PAD] = 0
        words = self.found[UNK + 1 :]
        return Coverage(
            tokens=float(counts[self.found].sum() / max(counts.sum(), 1)),
            types=float(words.sum() / max(len(words), 1)),
        )


def load_vectors(source, vocab):
    """The vectors of a vocabulary, one row for each id, zeros for PAD.

    GloVe was trained on text that was split at apostrophes, as in the Penn Treebank: a contraction without a row
    ("didn't") gets the mean of its two parts ("did", "n't") if both have one, and counts as found.

    Any other word without a vector, and UNK, get a random one from a normal distribution with the mean and standard
    deviation that each dimension has over all rows of the file. Its seed is the word itself: with the same file, a
    word has the same vector in every vocabulary and every process. If a word occurs twice, its first row counts.

    source: "glove.50", "glove.100", "glove.200" or "glove.300" (downloaded if it is missing); or the path of a text
    file, of a .zip with a single .txt, or of a member (`some.zip/member.txt`). A first line of two integers, the
    header of word2vec, is skipped. The last D fields of a line are its numbers: words may have spaces.

    -> Vectors. DataError, naming file and line: no such file or member, a damaged zip, a row of another width, a
    field that is no finite number, no rows, no UTF-8.
    """
    contractions = {word: parts for word in vocab.words if (parts := _split_contraction(word))}
    wanted = set(vocab.words).union(*contractions.values())
    rows, sizes, means, variances = (
        {},
        [],
        [],
        [],
    )  # rows: word -> (D,) float32; the others have an entry for each block
    with _open_source(source) as (where, file):
        for words, numbers in _blocks(file, where):
            sizes.append(len(words))
            means.append(numbers.mean(axis=0, dtype=np.float64))
            variances.append(numbers.var(axis=0, dtype=np.float64))
            for i, word in enumerate(words):
                if word in wanted and word not in rows:
                    rows[word] = numbers[i].copy()  # a view would keep the whole block in memory
    if not sizes:
        raise DataError(f"{where}: expected lines of a word and its numbers, got none")
    mean = np.average(means, axis=0, weights=sizes)  # (blocks, D) -> (D,)
    std = np.sqrt(np.average(variances + np.square(means - mean), axis=0, weights=sizes))  # law of total variance
    W = np.zeros((len(vocab), len(mean)), dtype=np.float32)
    found = np.zeros(len(vocab), dtype=bool)
    for word_id, word in enumerate(vocab.id_to_word[UNK:], start=UNK):
        parts = contractions.get(word)
        if word in vocab and word in rows:
            W[word_id], found[word_id] = rows[word], True
        elif parts and all(part in rows for part in parts):
            W[word_id], found[word_id] = np.mean([rows[part] for part in parts], axis=0), True
        else:
            W[word_id] = mean + std * _normal_from_hash(word, len(mean))
    return Vectors(W, found)


def _split_contraction(word):
    """The two tokens of a contraction in the Penn Treebank, ("did", "n't") or ("it", "'s"); () for other words."""
    before, _, after = word.rpartition("'")
    if word.endswith("n't") and word != "n't":
        return word[:-3], "n't"
    return (before, f"'{after}") if before and after else ()


@contextlib.contextmanager
def _open_source(source):
    """(name for messages, binary file) of a source of `load_vectors`; an error while reading is a DataError."""
    path, member = (fetch(ARCHIVE), MEMBERS[source]) if source in MEMBERS else (Path(source), None)
    if path.parent.suffix.lower() == ".zip" and path.parent.is_file():
        path, member = path.parent, path.name
    with reading(path):
        if not path.exists():
            names = ", ".join(MEMBERS)
            raise DataError(f"{source}: expected a file, or one of {names}; there is none of this name")
        if path.suffix.lower() != ".zip":
            with path.open("rb") as file:
                yield path, file
            return
        try:
            with zipfile.ZipFile(path) as archive:
                member = member or _only_member(path, archive)
                if member not in archive.namelist():
                    raise DataError(f"{path}: expected {member} in it, got {_listed(archive.namelist())}")
                with archive.open(member) as unpacked, io.BufferedReader(unpacked, _BUFFER) as file:
                    yield f"{path}/{member}", file
        except _ZIP_DEFECTS as error:
            raise DataError(f"{path}: expected a whole .zip file, got a damaged one ({error})") from None


def _only_member(path, archive):
    members = [name for name in archive.namelist() if name.endswith(".txt")]
    if len(members) != 1:
        raise DataError(f"{path}: expected one .txt file in it, got {_listed(members)} (name one as {path}/MEMBER)")
    return members[0]


def _listed(names):
    return ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "") if names else "none"


def _blocks(file, where):
    """(words, numbers (M, D) float32) of every M lines of a file that are not blank, without the header."""
    D, lines = None, enumerate(decode_lines(file, where), start=1)
    while block := list(itertools.islice(lines, _BLOCK)):
        line_numbers, words, rows = [], [], []
        for number, line in block:
            line = line.rstrip(" \r\n")
            if not line or (number == 1 and _HEADER.fullmatch(line)):
                continue
            D = D or line.count(" ")
            word, _, row = line.partition(" ")
            if not row:
                raise DataError(f"{where}, line {number}: expected a word and its numbers, got {line[:_SHOWN]!r}")
            if line.count(" ") > D:
                long_word, *fields = line.rsplit(" ", D)
                if _to_floats([long_word.rpartition(" ")[2]]) is None:  # else there are too many numbers
                    word, row = long_word, " ".join(fields)
            line_numbers.append(number)
            words.append(word)
            rows.append(row)
        if not rows:
            continue
        numbers = _to_floats(rows)
        if not _are_finite(numbers, D):
            i = next(i for i, row in enumerate(rows) if not _are_finite(_to_floats([row]), D))
            got = f"{rows[i].count(' ') + 1} fields after {words[i][:_SHOWN]!r}, {rows[i][:_SHOWN]!r}"
            raise DataError(f"{where}, line {line_numbers[i]}: expected a word and {D} finite numbers, got {got}")
        yield words, numbers


def _to_floats(rows):
    """Rows of numbers (list of M str) -> (M, D) float32, or None if one is not a number or of another width."""
    if not all(map(str.strip, rows)):  # loadtxt would skip them
        return None
    try:
        return np.loadtxt(rows, dtype=np.float32, comments=None, delimiter=" ", ndmin=2)
    except ValueError:
        return None


def _are_finite(numbers, D):
    """Whether the result of `_to_floats` is D finite numbers for each row."""
    return numbers is not None and numbers.shape[1] == D and np.isfinite(numbers).all()


def _normal_from_hash(word, D):
    """D standard normal numbers that depend on the word only: (D,) float64.

    Box-Muller transform of the bits of a hash, which unlike NumPy's generators is the same in every version.
    """
    bits = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(8 * D)
    u = (np.frombuffer(bits, dtype="<u4").reshape(2, D) + 0.5) / 2**32  # (2, D), between 0 and 1
    return np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])
