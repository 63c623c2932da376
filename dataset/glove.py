"""Word vectors from a text file in the format of GloVe: a word and its D numbers on each line.
The file is read in one pass, also inside a .zip, and only the rows of a vocabulary are stored.
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

_BLOCK = 1 << 20  # bytes read at a time, and the longest line that is allowed
_SHOWN = 40  # characters of a bad line in a message
_HEADER = re.compile("[0-9]+ [0-9]+ ?")  # of word2vec: number of rows, and D
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
    V, W, found, moments = len(vocab), None, np.zeros(len(vocab), dtype=bool), _Moments()
    contractions = {word: parts for word in vocab.words if (parts := _split_contraction(word))}
    rows_of_parts = dict.fromkeys(part for parts in contractions.values() for part in parts)  # (D,) each, once read
    with _open_source(source) as (where, file):
        for number, lines in _blocks(file, where):
            if W is None:
                D = _width(lines[0], f"{where}, line {number}")
            words, numbers = _parse(lines, number, D, where)
            moments.add(numbers)
            if W is None:  # not before the first block has turned out to be vectors
                W = np.zeros((V, D), dtype=np.float32)
            for row, word in enumerate(words):
                word_id = vocab.word_to_id.get(word)
                if word_id is not None and not found[word_id]:
                    W[word_id], found[word_id] = numbers[row], True
                if word in rows_of_parts and rows_of_parts[word] is None:
                    rows_of_parts[word] = numbers[row].copy()  # a view would keep the whole block in memory
        if W is None:
            raise DataError(f"{where}: expected lines of a word and its numbers, got none")
    for word, parts in contractions.items():
        rows = [rows_of_parts[part] for part in parts if rows_of_parts[part] is not None]
        word_id = vocab.word_to_id[word]
        if len(rows) == len(parts) and not found[word_id]:
            W[word_id], found[word_id] = np.mean(rows, axis=0), True
    mean, std = moments.mean_and_std()
    for word_id in np.flatnonzero(~found):
        if word_id != PAD:
            W[word_id] = mean + std * _normal_from_hash(vocab.id_to_word[word_id], D)
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
    """(number of its first line, lines) of each block of a file, without the header; lines end at "\\n" only."""
    number, rest = 1, b""
    while block := file.read(_BLOCK):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            lines = _decode(whole, number, where)
            yield from _without_header(number, lines)
            number += len(lines)
        if len(rest) > _BLOCK:
            raise DataError(f"{where}, line {number}: expected a word and its numbers, got more than {_BLOCK:,} bytes")
    if rest:
        yield from _without_header(number, _decode(rest, number, where))


def _decode(block, number, where):
    """The lines of a block of bytes whose first line has this number."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        number += block.count(b"\n", 0, error.start)
        raise DataError(f"{where}, line {number}: expected UTF-8, got byte 0x{block[error.start]:02x}") from None
    text = text.removeprefix("\ufeff") if number == 1 else text
    return text.replace("\r\n", "\n").removesuffix("\r").split("\n")


def _without_header(number, lines):
    """The block without a first line of two integers; nothing if no other line is left."""
    if number == 1 and _HEADER.fullmatch(lines[0]):
        number, lines = 2, lines[1:]
    if lines:
        yield number, lines


def _width(line, where):
    """D, by the first row: all of its fields but the word."""
    D = len(line.rstrip(" ").split(" ")) - 1
    if D < 1:
        raise DataError(f"{where}: expected a word and its numbers, got {line[:_SHOWN]!r}")
    return D


def _parse(lines, number, D, where):
    """-> words (list of M str), numbers (M, D) float32 of the lines of a block that are not blank."""
    words, numbers, line_numbers = [], [], []
    for i, line in enumerate(lines, start=number):
        if line.count(" ") == D:
            word, _, rest = line.partition(" ")
        elif line.strip(" "):
            word, rest = _parse_unusual(line, D, f"{where}, line {i}")
        else:
            continue
        words.append(word)
        numbers.append(rest)
        line_numbers.append(i)
    if not words:
        return [], np.empty((0, D), dtype=np.float32)
    parsed = _to_floats(numbers)
    if parsed is None or parsed.shape[1] != D or not np.isfinite(parsed).all():
        bad = next(i for i, row in enumerate(map(_to_finite, numbers)) if row is None or row.shape[1] != D)
        got = f"{words[bad][:_SHOWN]!r} and {numbers[bad][:_SHOWN]!r}"
        raise DataError(f"{where}, line {line_numbers[bad]}: expected a word and {D} finite numbers, got {got}")
    return words, parsed


def _parse_unusual(line, D, where):
    """The word and the numbers of a row whose word has spaces, or that ends with spaces."""
    fields = line.rstrip(" ").split(" ")
    width = len(fields) - 1
    # Everything before the D numbers is the word, unless it ends with a number itself: then the row is too wide.
    if width < D or (width > D and _to_floats([fields[-D - 1]]) is not None):
        raise DataError(f"{where}: expected a word and {D} numbers, got {width} fields after {fields[0][:_SHOWN]!r}")
    return " ".join(fields[:-D]), " ".join(fields[-D:])


def _to_floats(rows):
    """Rows of numbers (list of M str) -> (M, D) float32, or None if one is not a number or of another width."""
    if not all(map(str.strip, rows)):  # loadtxt would skip them
        return None
    try:
        return np.loadtxt(rows, dtype=np.float32, comments=None, delimiter=" ", ndmin=2)
    except ValueError:
        return None


def _to_finite(row):
    """One row of numbers -> (1, D) float32, or None if one is not a finite number."""
    parsed = _to_floats([row])
    return parsed if parsed is not None and np.isfinite(parsed).all() else None


class _Moments:
    """Mean and standard deviation of each dimension over blocks of rows, in float64."""

    def __init__(self):
        self.n, self.sum, self.squares, self.origin = 0, 0.0, 0.0, None

    def add(self, rows):
        if self.origin is None and len(rows):
            self.origin = rows[0].astype(np.float64)  # (D,): squares of small differences lose less
        if len(rows):
            shifted = rows - self.origin  # (M, D) float64
            self.n += len(rows)
            self.sum = self.sum + shifted.sum(axis=0)
            self.squares = self.squares + np.square(shifted).sum(axis=0)

    def mean_and_std(self):
        """-> two (D,) float64 arrays."""
        mean = self.sum / self.n
        return self.origin + mean, np.sqrt(np.maximum(self.squares / self.n - mean**2, 0.0))


def _normal_from_hash(word, D):
    """D standard normal numbers that depend on the word only: (D,) float64.

    Box-Muller transform of the bits of a hash, which unlike NumPy's generators is the same in every version.
    """
    bits = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(8 * D)
    u = (np.frombuffer(bits, dtype="<u4").reshape(2, D) + 0.5) / 2**32  # (2, D), between 0 and 1
    return np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])
