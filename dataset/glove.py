"""Word vectors from a file of GloVe, word2vec or fastText (`reading.vector_file`, `reading.fasttext_model`): a row of
D numbers for each word.
The file is read in one pass, also inside a .zip, and of it only the rows of a vocabulary are stored, and a number for
each word, to tell which come twice.
Pennington, Socher and Manning 2014."""

import contextlib
import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import DataError, reading
from dataset.reading import fasttext_model, vector_file
from dataset.reading.input_file import open_input
from dataset.store.fetch import fetch
from dataset.text import PAD, UNK, clean

ARCHIVE = "glove.6B.zip"
MEMBERS = {f"glove.{size}": f"glove.6B.{size}d.txt" for size in (50, 100, 200, 300)}

_BUFFER = 1 << 20  # bytes of a .zip that are unpacked at a time
_SUFFIXES = (".txt", ".vec", ".bin", ".gz")  # of a file of vectors in a .zip
_SHOWN, _LONGEST = 5, 40  # words in a message, and their characters
_UNKNOWN = "<unk>"  # the row of GloVe and of others for all rare words
_FREQUENT = 1000  # words of a model of fastText that an unknown one without n-grams resembles
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
    """W: (V, D) float32, a row for each id of the vocabulary. found: (V,) bool, True where the file has that word.
    notes: what the file was found to hold, in lines.
    """

    W: np.ndarray
    found: np.ndarray
    notes: list = field(default_factory=list)

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

    The words of a vocabulary are in small letters, those of many files are not: a word without a row gets that of the
    first word in the file that `clean` turns into it ("good" that of "Good", "paris" that of "Paris" or "PARIS").

    Any other word without a vector, and UNK, get a random one from a normal distribution with the mean and standard
    deviation that each dimension has over all rows of the file. Its seed is the word itself: with the same file, a
    word has the same vector in every vocabulary and every process. If a word occurs twice, its first row counts.

    source: "glove.50", "glove.100", "glove.200" or "glove.300" (downloaded if it is missing); or the path of a file of
    one of these, each of which may be gzipped, of a .zip with a single one, or of a member (`some.zip/member.txt`):
    - GloVe: on each line a word, which may have spaces, and its numbers; D is the width of most of the first lines
    - word2vec as text, fastText's .vec: the same after a header of two integers, number of rows and D
    - word2vec, binary: the header, then word, space and D float32, little-endian, for each row
    - a model of fastText (.bin): what fastText itself answers for each word, known or not, instead of all of the above;
      zeros for an unknown word without n-grams.

    Where a file has a row <unk>, UNK gets that.

    -> Vectors, whose notes say how many rows and numbers there were, how many odd ones were left out, and where.
    DataError, naming the file: no such file or member, a damaged archive, another kind of file, no rows, more odd lines
    than others.
    """
    with open_source(source) as (where, file), vector_file.opened(file, where) as (head, stream):
        if fasttext_model.is_model(head):
            return _of_model(fasttext_model.read_model(stream, where), vocab)
        return _of_rows(*vector_file.blocks(head, stream, where), vocab)


def vector_size(source):
    """D of the vectors of a `source` of `load_vectors`, by its beginning. DataError."""
    if source in MEMBERS:
        return int(source.rpartition(".")[2])
    with open_source(source) as (where, file), vector_file.opened(file, where) as (head, stream):
        if fasttext_model.is_model(head):
            return fasttext_model.size_of(head)
        return next(vector_file.blocks(head, stream, where)[1])[1].shape[1]


def _of_rows(read, blocks, vocab):
    """`load_vectors` of what `vector_file.blocks` gave."""
    contractions = {word: parts for word in vocab.words if (parts := _split_contraction(word))}
    wanted = {_UNKNOWN}.union(vocab.words, *contractions.values())
    rows, others = {}, {}  # word -> (D,) float32, as it stands in the file; in another form
    sizes, means, variances = [], [], []  # of each block
    first = []  # words, for a message
    for words, numbers in blocks:
        sizes.append(len(words))
        means.append(numbers.mean(axis=0, dtype=np.float64))
        variances.append(numbers.var(axis=0, dtype=np.float64))
        first = first or [word for word in words if word is not None][:_SHOWN]
        for i, word in enumerate(words):
            if word is None:
                continue
            if word in wanted:
                if word not in rows:
                    rows[word] = numbers[i].copy()  # a view would keep the whole block in memory
            elif (form := clean(word, remove_html=False)) in wanted and form not in others:
                others[form] = numbers[i].copy()
    mean = np.average(means, axis=0, weights=sizes)  # (blocks, D) -> (D,)
    std = np.sqrt(np.average(variances + np.square(means - mean), axis=0, weights=sizes))  # law of total variance
    notes = read.notes()
    if replaced := sum(word in others and word not in rows for word in vocab.words):
        notes.append(f"words found in capitals or in another Unicode form only: {replaced:,}")
    rows = others | rows
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
    if _UNKNOWN in rows:
        W[UNK] = rows[_UNKNOWN]
        notes.append(f"its row {_UNKNOWN} is the vector of unknown words")
    if vocab.words and not found.any():
        shown = ", ".join(f"{word[:_LONGEST]!r}" for word in first)
        notes.append(f"none of the {len(vocab.words):,} words of the texts is in it; its first ones are {shown}")
    return Vectors(W, found, notes)


def _of_model(model, vocab):
    """`load_vectors` of a FastTextModel."""
    words = [word.encode("utf-8", "surrogatepass") for word in vocab.words]
    places = model.find(set(words))
    W = np.zeros((len(vocab), model.D), np.float32)
    W[UNK + 1 :], counts = model.vectors(words, [places.get(word, -1) for word in words])
    notes = model.notes()
    if unknown := len(words) - len(places):
        without = [word for word, count in zip(vocab.words, counts) if not count]
        if unknown > len(without):
            notes.append(f"words that are not among them, and made of their n-grams: {unknown - len(without):,}")
        if without:
            shown = ", ".join(f"{word[:_LONGEST]!r}" for word in without[:_SHOWN]) + ", ..." * (len(without) > _SHOWN)
            notes.append(f"words that are not among them and have no n-grams: {len(without):,} ({shown}): zeros")
    notes += model.note_on_zeros()
    if zero := int(((counts > 0) & ~W[UNK + 1 :].any(axis=1)).sum()):
        notes.append(f"words all of whose rows are exactly 0, which count as not found: {zero:,}")
    frequent = model.words(0, _FREQUENT)
    rows = model.vectors(frequent, np.arange(len(frequent)))[0].astype(np.float64)
    W[UNK] = rows.mean(axis=0) + rows.std(axis=0) * _normal_from_hash(vocab.id_to_word[UNK], model.D)
    found = W.any(axis=1)  # (V,): a vector of zeros says nothing
    found[UNK] = False
    return Vectors(W, found, notes)


def _split_contraction(word):
    """The two tokens of a contraction in the Penn Treebank, ("did", "n't") or ("it", "'s"); () for other words."""
    before, _, after = word.rpartition("'")
    if word.endswith("n't") and word != "n't":
        return word[:-3], "n't"
    return (before, f"'{after}") if before and after else ()


@contextlib.contextmanager
def open_source(source):
    """(name for messages, binary file) of a source of `load_vectors`; an error while reading is a DataError."""
    path, member = (fetch(ARCHIVE), MEMBERS[source]) if source in MEMBERS else (Path(source), None)
    if archive := next((above for above in path.parents if above.suffix.lower() == ".zip" and above.is_file()), None):
        path, member = archive, path.relative_to(archive).as_posix()
    with reading(path):
        if not path.exists():
            names = ", ".join(MEMBERS)
            raise DataError(f"{source}: expected a file, or one of {names}; there is none of this name")
        if path.suffix.lower() != ".zip" or not path.is_file():
            with open_input(path) as file:
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
    members = [name for name in archive.namelist() if name.lower().endswith(_SUFFIXES) and "__MACOSX/" not in name]
    if len(members) != 1:
        kinds = ", ".join(_SUFFIXES)
        raise DataError(f"{path}: expected one {kinds} file in it, got {_listed(members)} (name one as {path}/MEMBER)")
    return members[0]


def _listed(names):
    return ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "") if names else "none"


def _normal_from_hash(word, D):
    """D standard normal numbers that depend on the word only: (D,) float64.

    Box-Muller transform of the bits of a hash, which unlike NumPy's generators is the same in every version.
    """
    bits = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(8 * D)
    u = (np.frombuffer(bits, dtype="<u4").reshape(2, D) + 0.5) / 2**32  # (2, D), between 0 and 1
    return np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])
