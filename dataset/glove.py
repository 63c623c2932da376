"""Word vectors from a text file, as GloVe publishes them: on each line a word and its D numbers.
The file is read in one pass, out of its zip without unpacking it, and only the rows of a vocabulary are kept.
Pennington, Socher and Manning 2014."""

import contextlib
import hashlib
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import DataError
from dataset.store.fetch import fetch
from dataset.text import PAD, UNK

ARCHIVE = "glove.6B.zip"
MEMBERS = {f"glove.{size}": f"glove.6B.{size}d.txt" for size in (50, 100, 200, 300)}

_BLOCK = 1 << 20  # bytes read at a time; also the longest line there may be
_SHOWN = 40  # characters of a bad line in a message
_HEADER = re.compile("[0-9]+ [0-9]+ ?")  # of word2vec: how many rows, and D
_DEFECTS_OF_A_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Coverage:
    """How much of a corpus has vectors: shares, 0 to 1, of its running words (tokens) and of its vocabulary (types)."""

    tokens: float
    types: float

    def __str__(self):
        return f"vectors for {self.tokens:.1%} of the tokens and {self.types:.1%} of the words"


@dataclass(frozen=True)
class Vectors:
    """W: (V, D) float32, a row for each id of the vocabulary. found: (V,) bool, True where the file had that row."""

    W: np.ndarray
    found: np.ndarray

    def coverage(self, x):
        """-> Coverage of a corpus by the vectors of the file. Words outside the vocabulary count as tokens without one.

        x: iterable of (T,) integer id arrays, as `Vocab.encode` gives them; PAD does not count. A corpus or a
        vocabulary of no words is covered by 0. ValueError for an id outside 0 .. V - 1.
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
    """The vectors of a vocabulary, one row for each id, PAD's all zero.

    GloVe was trained on text that was split at apostrophes, as the Penn Treebank does: a contraction without a row
    ("didn't") gets the mean of its two parts ("did", "n't"), if both have one, and counts as found.

    Any other word without a vector, and UNK, get one drawn from a normal distribution with the mean and the deviation
    that each dimension has over all rows of the file. The draw is made from the word's own letters: with one file a
    word has the same vector in every vocabulary and every process. Where a word comes twice, its first row counts.

    source: "glove.50", "glove.100", "glove.200" or "glove.300" (fetched where it is not here yet); or the path of a
    text file, of a .zip that holds a single .txt, or of a member (`some.zip/member.txt`). A first line of two whole
    numbers, word2vec's header, is skipped. The last D fields of a line are its numbers: words may hold spaces.

    -> Vectors. DataError, naming file and line: no such file or member, a damaged zip, a row of another width, a
    field that is no finite number, no rows, no UTF-8.
    """
    V, W, found, moments = len(vocab), None, np.zeros(len(vocab), dtype=bool), _Moments()
    contractions = {word: parts for word in vocab.words if (parts := _parts(word))}
    rows_of_parts = dict.fromkeys(part for parts in contractions.values() for part in parts)  # (D,) each, once read
    with _opened(source) as (where, file):
        for number, lines in _blocks(file, where):
            if W is None:
                D = _width(lines[0], f"{where}, line {number}")
            words, numbers = _parse(lines, number, D, where)
            moments.add(numbers)
            if W is None:  # here and not before: by now the file has shown that it is one of vectors
                W = np.zeros((V, D), dtype=np.float32)
            for row, word in enumerate(words):
                word_id = vocab.word_to_id.get(word)
                if word_id is not None and not found[word_id]:
                    W[word_id], found[word_id] = numbers[row], True
                if word in rows_of_parts and rows_of_parts[word] is None:
                    rows_of_parts[word] = numbers[row].copy()  # not a view, which would keep the whole block
        if W is None:
            raise DataError(f"{where}: expected lines of a word and its numbers, got none")
    for word, parts in contractions.items():
        rows = [rows_of_parts[part] for part in parts if rows_of_parts[part] is not None]
        word_id = vocab.word_to_id[word]
        if len(rows) == len(parts) and not found[word_id]:
            W[word_id], found[word_id] = np.mean(rows, axis=0), True
    mean, spread = moments.mean_and_spread()
    for word_id in np.flatnonzero(~found):
        if word_id != PAD:
            W[word_id] = mean + spread * _normal_of(vocab.id_to_word[word_id], D)
    return Vectors(W, found)


def _parts(word):
    """The two words that the Penn Treebank makes of a contraction, ("did", "n't") or ("it", "'s"); else ()."""
    before, _, after = word.rpartition("'")
    if word.endswith("n't") and word != "n't":
        return word[:-3], "n't"
    return (before, f"'{after}") if before and after else ()


@contextlib.contextmanager
def _opened(source):
    """(name for messages, binary file) of a source of `load_vectors`; what goes wrong while reading is a DataError."""
    path, member = (fetch(ARCHIVE), MEMBERS[source]) if source in MEMBERS else (Path(source), None)
    if path.parent.suffix.lower() == ".zip" and path.parent.is_file():
        path, member = path.parent, path.name
    try:
        if path.suffix.lower() != ".zip":
            with path.open("rb") as file:
                yield str(path), file
            return
        with zipfile.ZipFile(path) as archive:
            member = member or _only_member(path, archive)
            if member not in archive.namelist():
                raise DataError(f"{path}: expected {member} in it, got {_listed(archive.namelist())}")
            with archive.open(member) as file:
                yield f"{path}/{member}", file
    except FileNotFoundError:
        raise DataError(
            f"{source}: expected a file, or one of {', '.join(MEMBERS)}; there is none of this name"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _DEFECTS_OF_A_ZIP as error:
        raise DataError(f"{path}: expected a whole .zip file, got a damaged one ({error})") from None


def _only_member(path, archive):
    members = [name for name in archive.namelist() if name.endswith(".txt")]
    if len(members) != 1:
        raise DataError(f"{path}: expected one .txt file in it, got {_listed(members)} (name one as {path}/MEMBER)")
    return members[0]


def _listed(names):
    return ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "") if names else "none"


def _blocks(file, where):
    """(number of its first line, lines) of each block of a file, without a header; lines end at "\\n" only."""
    number, rest = 1, b""
    while block := file.read(_BLOCK):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            lines = _decoded(whole, number, where)
            yield from _without_header(number, lines)
            number += len(lines)
        if len(rest) > _BLOCK:
            raise DataError(f"{where}, line {number}: expected a word and its numbers, got more than {_BLOCK:,} bytes")
    if rest:
        yield from _without_header(number, _decoded(rest, number, where))


def _decoded(block, number, where):
    """The lines of a block of bytes whose first line has this number."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        at = number + block.count(b"\n", 0, error.start)
        raise DataError(f"{where}, line {at}: expected UTF-8, got byte 0x{block[error.start]:02x}") from None
    text = text.removeprefix("\ufeff") if number == 1 else text
    return text.replace("\r\n", "\n").removesuffix("\r").split("\n")


def _without_header(number, lines):
    """The block, less a first line of two whole numbers; nothing where nothing is left."""
    if number == 1 and _HEADER.fullmatch(lines[0]):
        number, lines = 2, lines[1:]
    if lines:
        yield number, lines


def _width(line, where):
    """D, told from the first row: all of its fields but the word."""
    D = len(line.rstrip(" ").split(" ")) - 1
    if D < 1:
        raise DataError(f"{where}: expected a word and its numbers, got {line[:_SHOWN]!r}")
    return D


def _parse(lines, number, D, where):
    """-> words (list of M str), numbers (M, D) float32 of the lines of a block that are not blank."""
    words, numbers, at = [], [], []
    for i, line in enumerate(lines, start=number):
        if line.count(" ") == D:
            word, _, rest = line.partition(" ")
        elif line.strip(" "):
            word, rest = _odd_row(line, D, f"{where}, line {i}")
        else:
            continue
        words.append(word)
        numbers.append(rest)
        at.append(i)
    if not words:
        return [], np.empty((0, D), dtype=np.float32)
    parsed = _floats(numbers)
    if parsed is None or parsed.shape[1] != D or not np.isfinite(parsed).all():
        bad = next(i for i, row in enumerate(map(_finite, numbers)) if row is None or row.shape[1] != D)
        came = f"got {words[bad][:_SHOWN]!r} and {numbers[bad][:_SHOWN]!r}"
        raise DataError(f"{where}, line {at[bad]}: expected a word and {D} finite numbers, {came}")
    return words, parsed


def _odd_row(line, D, where):
    """The word and the numbers of a row whose word holds spaces, or that has spaces at its end."""
    fields = line.rstrip(" ").split(" ")
    width = len(fields) - 1
    # What stands before the D numbers is the word, unless it ends in a number itself: then the row is too wide.
    if width < D or (width > D and _floats([fields[-D - 1]]) is not None):
        raise DataError(f"{where}: expected a word and {D} numbers, got {width} fields after {fields[0][:_SHOWN]!r}")
    return " ".join(fields[:-D]), " ".join(fields[-D:])


def _floats(rows):
    """Rows of numbers (list of M str) -> (M, D) float32, or None where one is no number or of another width."""
    if not all(map(str.strip, rows)):  # loadtxt would leave them out
        return None
    try:
        return np.loadtxt(rows, dtype=np.float32, comments=None, delimiter=" ", ndmin=2)
    except ValueError:
        return None


def _finite(row):
    """One row of numbers -> (1, D) float32, or None where one is no finite number."""
    parsed = _floats([row])
    return parsed if parsed is not None and np.isfinite(parsed).all() else None


class _Moments:
    """Mean and deviation of each dimension over rows that come block by block, in float64."""

    def __init__(self):
        self.n, self.sum, self.squares, self.origin = 0, 0.0, 0.0, None

    def add(self, rows):
        if self.origin is None and len(rows):
            self.origin = rows[0].astype(np.float64)  # (D,): sums of small differences lose nothing
        if len(rows):
            shifted = rows - self.origin  # (M, D) float64
            self.n += len(rows)
            self.sum = self.sum + shifted.sum(axis=0)
            self.squares = self.squares + np.square(shifted).sum(axis=0)

    def mean_and_spread(self):
        """-> two (D,) float64 arrays."""
        mean = self.sum / self.n
        return self.origin + mean, np.sqrt(np.maximum(self.squares / self.n - mean**2, 0.0))


def _normal_of(word, D):
    """D standard normal numbers that depend on the word and on nothing else: (D,) float64.

    Box and Muller's method on the bits of a hash: unlike numpy's generators, both are the same in every version.
    """
    bits = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(8 * D)
    u = (np.frombuffer(bits, dtype="<u4").reshape(2, D) + 0.5) / 2**32  # (2, D), between 0 and 1
    return np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])
