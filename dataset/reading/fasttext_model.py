"""A model of fastText (.bin): the words of its dictionary, and the vector of any word, known or not, as the mean of the
rows of the word and of its n-grams. The matrix stays on disk, and only the rows that are asked for are read.
Bojanowski et al. 2017."""

import itertools
import os
import struct
import tempfile
from dataclasses import dataclass

import numpy as np

from dataset.errors import DataError
from dataset.reading.char_ngrams import ngram_hashes

MAGIC = struct.pack("<i", 793712314)
VERSIONS = (11, 12)  # of the form; 11 differs in one thing: its classifiers have no n-grams of characters
END = b"</s>"  # the end of a line, a word without n-grams
SUPERVISED = 3  # the kind of a classifier

_ARGUMENTS = struct.Struct("<12id")  # dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, ...
_DICTIONARY = struct.Struct("<3iqq")  # entries, words, labels, tokens, pruned n-grams or -1
_MATRIX = struct.Struct("<?qq")  # whether it is quantized, rows, columns
_ENTRY = 9  # bytes behind a word: its count, int64, and its kind, int8
_CHUNK = 1 << 20  # bytes that are read at a time
_LONGEST_WORD, _LONGEST_NGRAM, _WIDEST = 1 << 20, 255, 1 << 20
_BLOCK = 1024  # words whose rows are read at a time
_QUANTIZED = "a quantized model of fastText (.ftz): give the .bin that it was made from, or its .vec"


def is_model(head):
    """Whether a file that begins so is a model of fastText."""
    return head.startswith(MAGIC)


def size_of(head):
    """D, by the beginning of a model."""
    return int.from_bytes(head[8:12], "little")


@dataclass
class FastTextModel:
    """where: its name, for messages. minn, maxn: characters of an n-gram; bucket: how many rows these share (0: none).
    labels: of a classifier, which are no words. rows: (words + bucket, D) float32 on disk.
    """

    where: str
    minn: int
    maxn: int
    bucket: int
    labels: int
    rows: np.ndarray
    names: bytes  # the words of the dictionary, one behind the other
    ends: np.ndarray  # (words,) where each ends in it

    def __post_init__(self):
        self.used = np.zeros(len(self.rows), bool)  # by the words asked for so far
        self.zero = np.zeros(len(self.rows), bool)  # those of them that are exactly 0

    def __len__(self):
        return len(self.ends)

    @property
    def D(self):
        return self.rows.shape[1]

    def words(self, start, stop):
        """Words start to stop - 1 of the dictionary, list of bytes; the frequent ones come first."""
        ends = self.ends[max(start - 1, 0) : stop].tolist()
        begins = ends if start else [0, *ends]
        return [self.names[begin:end] for begin, end in itertools.pairwise(begins)]

    def find(self, wanted):
        """Set of words (bytes) -> dict, word: its place in the dictionary, for those that are in it."""
        found = {}
        for start in range(0, len(self), _CHUNK):
            for i, word in enumerate(self.words(start, start + _CHUNK), start):
                if word in wanted:
                    found.setdefault(word, i)
        return found

    def vectors(self, words, places):
        """M words (bytes), and (M,) their places in the dictionary, -1 for those that are not in it -> (M, D) float32,
        and (M,) of how many rows each is the mean: 0 for an unknown word without n-grams, whose vector is 0.

        DataError for a row, or a sum of rows, that is not finite.
        """
        places = np.asarray(places, np.int64)
        W, counts = np.zeros((len(words), self.D), np.float32), np.zeros(len(words), np.int64)
        for start in range(0, len(words), _BLOCK):
            block = slice(start, start + _BLOCK)
            owners, ids = self._row_ids(words[block], places[block])  # (K,) both, sorted by owner
            counts[block] = of_word = np.bincount(owners, minlength=len(words[block]))
            sums = _sums(self._read(ids), of_word)
            if not np.isfinite(sums).all():
                raise DataError(f"{self.where}: expected rows whose sums are finite, got ones that are too large")
            W[block] = sums * (1 / np.maximum(of_word, 1)[:, None]).astype(np.float32)
        return W, counts

    def _row_ids(self, words, places):
        """The rows of words: (K,) index of the word, sorted, and (K,) row."""
        known = np.flatnonzero(places >= 0)
        owners, ids = known, places[known]
        if self.bucket and self.minn <= self.maxn:
            # the end of a line has no n-grams, known or not
            of_ngrams, hashes = ngram_hashes([b"" if w == END else w for w in words], self.minn, self.maxn)
            has_any = np.array([word != END for word in words])[of_ngrams]
            owners = np.concatenate((known, of_ngrams[has_any]))
            ids = np.concatenate((ids, len(self) + hashes[has_any].astype(np.int64) % self.bucket))
        order = np.argsort(owners, kind="stable")
        return owners[order], ids[order]

    def _read(self, ids):
        """(K,) -> rows (K, D) float32. DataError for one that is not finite."""
        rows = np.asarray(self.rows)[ids]
        if not np.isfinite(rows).all():
            i = ids[np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]]
            raise DataError(f"{self.where}: expected finite numbers, got others in row {i + 1:,} of its input matrix")
        self.used[ids] = True
        self.zero[ids] = ~rows.any(axis=1)
        return rows

    def notes(self):
        """What a person should know of it, in lines; the first says how much there is."""
        ngrams = f"n-grams of {self.minn} to {self.maxn} characters in {self.bucket:,} buckets"
        having = f" and {ngrams}" if self.bucket and self.minn <= self.maxn else ", no n-grams"
        notes = [f"{len(self):,} words{having}, {self.D:,} numbers each"]
        if self.labels:
            notes.append(f"labels of a classifier, which are no words, left out: {self.labels:,}")
        return notes

    def note_on_zeros(self):
        """A line on the rows used so far that are exactly 0, or none: [] or [line]."""
        used, zero = int(self.used.sum()), int(self.zero.sum())
        why = "n-grams that the training did not meet: fastText fills all rows only with 10 threads or more"
        return [f"rows that are exactly 0: {zero:,} of the {used:,} that these words use ({why})"] if zero else []


def _sums(rows, counts):
    """(K, D) rows, the first counts[0] of which are those of the first word, and so on -> (M, D), their sums.

    They are added one after the other, as fastText does: then both round alike.
    """
    sums = np.zeros((len(counts), rows.shape[1]), np.float32)
    order = np.argsort(-counts, kind="stable")  # words with many rows first
    first, many = (np.cumsum(counts) - counts)[order], counts[order]
    for k in range(many[0] if len(many) else 0):
        further = np.count_nonzero(many > k)  # words that have a row k
        with np.errstate(over="ignore", invalid="ignore"):  # the caller looks at the sums
            sums[:further] += rows[first[:further] + k]
    return sums[np.argsort(order)]


def read_model(stream, where):
    """A binary stream at its beginning -> FastTextModel. A file that is not packed is read in place, another one is
    unpacked into a temporary file. DataError: another version, a quantized model, a damaged file.
    """
    source = _Source(stream, where)
    magic, version = source.unpack(struct.Struct("<4si"))
    if magic != MAGIC or version not in VERSIONS:
        raise DataError(f"{where}: expected a model of fastText of version 11 or 12, got version {version}")
    D, *_, kind, bucket, minn, maxn, _, _ = source.unpack(_ARGUMENTS)
    size, words, labels, _, pruned = source.unpack(_DICTIONARY)
    if pruned >= 0:
        raise DataError(f"{where}: expected a model of fastText (.bin), got {_QUANTIZED}")
    sound = 0 < D <= _WIDEST and bucket >= 0 and 0 <= maxn <= _LONGEST_NGRAM and words > 0 <= labels
    if not sound or size != words + labels:
        got = f"{words:,} words, {labels:,} labels, {size:,} entries, {D:,} numbers, {bucket:,} buckets, maxn {maxn}"
        raise DataError(f"{where}: expected a model of fastText, got one whose sizes do not fit each other ({got})")
    if kind == SUPERVISED and version == 11:
        maxn = 0
    minn, bucket = max(minn, 1), bucket if maxn else 0
    names, ends = _dictionary(source, words, labels)
    quantized, height, width = source.unpack(_MATRIX)
    if quantized:
        raise DataError(f"{where}: expected a model of fastText (.bin), got {_QUANTIZED}")
    if height < words + bucket or width != D:
        got = f"{height:,} rows of {width:,}"
        raise DataError(f"{where}: expected {words + bucket:,} rows of {D:,} numbers, got {got}: it is damaged")
    return FastTextModel(where, minn, maxn, bucket, labels, _matrix(source, height, D), names, ends)


class _Source:
    """A stream of which exactly so many bytes are taken, or it is cut off."""

    def __init__(self, stream, where):
        self.stream, self.where = stream, where
        self.data, self.at, self.offset = b"", 0, 0  # read ahead; taken of it; taken in all

    def more(self):
        """Read further ahead."""
        block = self.stream.read(_CHUNK)
        if not block:
            raise DataError(f"{self.where}: expected a whole model of fastText, got one that is cut off")
        self.data, self.at = self.data[self.at :] + block, 0

    def take(self, size):
        while len(self.data) - self.at < size:
            self.more()
        self.at += size
        self.offset += size
        return self.data[self.at - size : self.at]

    def unpack(self, form):
        return form.unpack(self.take(form.size))


def _dictionary(source, words, labels):
    """-> the words, one behind the other, and (words,) their ends. Each entry is a word, a zero, its count and kind."""
    names, ends, length = [], [], 0
    for i in range(words + labels):
        while (end := source.data.find(b"\0", source.at)) < 0 or end + 1 + _ENTRY > len(source.data):
            if len(source.data) - source.at > _LONGEST_WORD:
                raise DataError(f"{source.where}: expected words of at most {_LONGEST_WORD:,} bytes: it is damaged")
            source.more()
        if source.data[end + _ENTRY] != (i >= words):
            got = f"another kind, {source.data[end + _ENTRY]}, in entry {i + 1:,}"
            raise DataError(f"{source.where}: expected {words:,} words and then labels, got {got}: it is damaged")
        if i < words:
            names.append(source.data[source.at : end])
            length += end - source.at
            ends.append(length)
        source.offset += end + 1 + _ENTRY - source.at
        source.at = end + 1 + _ENTRY
    return b"".join(names), np.array(ends, np.int64)


def _matrix(source, height, D):
    """The rows (height, D) that begin here, on disk."""
    size = 4 * height * D
    if _is_plain(source.where):
        if os.path.getsize(source.where) < source.offset + size:
            raise DataError(f"{source.where}: expected {height:,} rows of {D:,} numbers, got fewer: it is cut off")
        return np.memmap(source.where, "<f4", "r", source.offset, (height, D))
    with tempfile.TemporaryFile() as file:
        while size:
            if source.at == len(source.data):
                source.more()
            block = source.take(min(size, len(source.data) - source.at))
            file.write(block)
            size -= len(block)
        file.flush()
        return np.memmap(file, "<f4", "r", 0, (height, D))


def _is_plain(where):
    """Whether this is the name of a file that holds the model as it is, neither packed nor a pipe."""
    if not os.path.isfile(where):
        return False
    with open(where, "rb") as file:
        return is_model(file.read(len(MAGIC)))
