"""The rows of files of word vectors as people have them: GloVe, word2vec as text and binary, fastText's .vec, and any
of them gzipped. An odd row is counted, and a file of another kind is named together with the way out.
A file passes through block by block, so that memory does not depend on its size."""

import contextlib
import gzip
import io
import itertools
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from dataset.errors import DataError
from dataset.reading.vector_kinds import other_kind

BLOCK = 1024  # lines that are parsed at a time
_CHUNK = 1 << 20  # bytes that are read at a time
_LONGEST_LINE = 100 << 20  # bytes, so that an endless stream does not fill the memory
_LONGEST_WORD = 1 << 16  # bytes, in a binary file
_SHOWN = 40  # characters of an odd line in a message
_HEADER = re.compile(rb"([0-9]{1,15})[ \t]+([1-9][0-9]{0,6})[ \t]*\r?(?:\n|$)")  # of word2vec: number of rows, and D
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_GZIP_DEFECTS = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass
class Found:
    """What a file was found to hold, while its blocks are read.

    D: numbers of a row. rows: how many were read. odd: lines (in a binary file rows) of which nothing could be made.
    numbers: of the first three of them, from 1. reason: of the first. undecodable: rows whose word is no UTF-8. hashes:
    of the words. header: rows that the header promises, or None. unit: "line", or "row" in a binary file.
    """

    D: int = 0
    rows: int = 0
    odd: int = 0
    numbers: list = field(default_factory=list)
    reason: str = ""
    undecodable: int = 0
    hashes: list = field(default_factory=list)
    header: int | None = None
    unit: str = "line"

    def leave_out(self, number, reason):
        """Count a line that is odd."""
        self.odd += 1
        self.reason = self.reason or f"{self.unit} {number:,}: {reason}"
        if len(self.numbers) < 3:
            self.numbers.append(number)

    def notes(self):
        """What a person should know of it, in lines; the first says how much there was."""
        notes = [f"{self.rows:,} rows of {self.D:,} numbers"]
        if self.odd:
            which = ", ".join(f"{number:,}" for number in self.numbers) + (", ..." if self.odd > 3 else "")
            notes.append(f"odd {self.unit}s left out: {self.odd:,} ({which}); {self.reason}")
        if self.undecodable:
            notes.append(f"rows left out whose word is no UTF-8: {self.undecodable:,}")
        if self.header is not None and self.header != self.rows + self.odd:
            notes.append(f"its header promises {self.header:,} rows, it has {self.rows + self.odd:,}")
        if twice := int((np.unique(np.concatenate(self.hashes or [[]]), return_counts=True)[1] > 1).sum()):
            notes.append(f"words with more than one row, of which the first counts: {twice:,}")
        return notes


@contextlib.contextmanager
def opened(stream, where):
    """(first megabyte, the whole stream) of a binary stream, which is unpacked if it is gzipped. DataError."""
    head, stream = _beginning(stream)
    if not head.startswith(b"\x1f\x8b"):
        yield head, stream
        return
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield _beginning(unpacked)
    except _GZIP_DEFECTS as error:
        raise DataError(f"{where}: expected a whole gzip file, got a damaged one ({error})") from None


def blocks(head, stream, where):
    """What `opened` gave -> Found, and an iterator of (words, numbers) that fills it.

    words: list of M str, None for one that is no UTF-8. numbers: (M, D) float32, finite. DataError naming the file: it
    is of another kind, holds no row, or more odd ones than others.
    """
    found = Found()
    head = head.removeprefix(b"\xef\xbb\xbf")
    header = _HEADER.match(head)
    if header:
        found.header, found.D = int(header[1]), int(header[2])
    if header and _is_binary(head[header.end() :], found.D):
        found.unit = "row"
        rows = _binary_rows(stream, len(header[0]), found)
    elif kind := other_kind(head):
        raise DataError(f"{where}: expected lines of a word and its numbers, got {kind}")
    else:
        rows = _text_rows(stream, header, found, where)
    return found, _checked(rows, found, where)


class _Whole(io.RawIOBase):
    """A stream together with its beginning, which was read already: it may be a pipe."""

    def __init__(self, head, stream):
        self.head, self.stream = memoryview(head), stream

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.head:
            return self.stream.readinto(buffer)
        size = min(len(buffer), len(self.head))
        buffer[:size], self.head = self.head[:size], self.head[size:]
        return size


def _beginning(stream):
    head = stream.read(_CHUNK)
    return head, io.BufferedReader(_Whole(head, stream), _CHUNK)


def _is_binary(body, D):
    """Whether what stands behind a header is binary: no row of text among the first lines, and signs of binary data."""
    if any(_to_floats([fields], D) is not None for line in body.splitlines()[:9] if (fields := _split(line, D)[1])):
        return False
    try:
        body[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start < len(body) - 8  # else a word that is cut off at the end
    return _CONTROL.search(body) is not None


def _checked(rows, found, where):
    """The blocks of `rows`, as long as no more lines are odd than not."""
    for block in itertools.chain(rows, [None]):
        bad, total = found.odd + found.undecodable, found.odd + found.rows
        if 2 * bad > total:
            expected = f"a word and {found.D:,} finite numbers" if found.D else "a word and its numbers"
            got = f"others on {bad:,} of {total:,} {found.unit}s ({found.reason or 'words that are no UTF-8'})"
            raise DataError(f"{where}: expected {expected}, got {got}")
        if block is not None:
            yield block
    if not found.rows:
        raise DataError(f"{where}: expected lines of a word and its numbers, got none")


# ---- text


def _lines(stream, where):
    """(number, line without its end, in bytes) of every line that is not blank; a tab is a space."""
    for number, line in enumerate(iter(lambda: stream.readline(_LONGEST_LINE + 1), b""), start=1):
        if len(line) > _LONGEST_LINE:
            raise DataError(f"{where}, line {number}: expected at most {_LONGEST_LINE:,} bytes in a line, got more")
        line = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).rstrip().replace(b"\t", b" ")
        if line:
            yield number, line


def _text_rows(stream, header, found, where):
    """The blocks of a file of text."""
    lines = _lines(stream, where)
    first = list(itertools.islice(lines, BLOCK))
    rest = first[1:] if header else first
    if rest and not (header and 2 * sum(map(_has_row, rest, itertools.repeat(found.D))) >= len(rest)):
        found.D = Counter(_width(line) for _, line in rest).most_common(1)[0][0]
        if found.D == 1:  # "7 3" is a row like the others
            rest, found.header = first, None
    while rest:
        yield from _parsed(rest, found)
        rest = list(itertools.islice(lines, BLOCK))


def _width(line):
    """How many numbers stand at the end of a line, its first field aside: a word may have spaces."""
    fields = line.split()
    for width, number in enumerate(reversed(fields[1:])):
        try:
            float(number)
        except ValueError:
            return width or len(fields) - 1  # of a line without numbers, which is reported as it stands
    return len(fields) - 1


def _has_row(numbered, D):
    word, fields = _split(numbered[1], D)
    return bool(word and fields) and _to_floats([fields], D) is not None


def _split(line, D):
    """A line -> its word, which may have spaces, and its last D fields, in bytes. One is b"" where there is none."""
    if line.count(b" ") <= D:
        word, _, fields = line.partition(b" ")
        return word, fields
    parts = line.rsplit(None, D)
    if len(parts) <= D:
        return b"", b" ".join(parts)
    word = parts[0].lstrip()
    if b" " in word and _to_floats([word.rpartition(b" ")[2]], 1) is not None:  # there are too many numbers
        word, *parts = line.split()
        return word, b" ".join(parts)
    return word, b" ".join(parts[1:])


def _parsed(numbered, found):
    """One block of lines, or none: (words, numbers) of those that are rows; the others are counted."""
    line_numbers, words, rows, odd = [], [], [], {}
    for number, line in numbered:
        word, fields = _split(line, found.D)
        if not word or not fields:
            odd[number] = f"no {'numbers' if word else 'word'} in {_shown(line)}"
            continue
        line_numbers.append(number)
        words.append(word)
        rows.append(fields)
    numbers, good = _finite_rows(rows, found.D)
    for i in np.flatnonzero(~good):
        fields = rows[i].split()
        odd[line_numbers[i]] = f"{len(fields)} fields after {_shown(words[i])}, {_shown(rows[i])}"
    for number in sorted(odd):
        found.leave_out(number, odd[number])
    yield from _decoded([word for word, is_good in zip(words, good) if is_good], numbers[good], found)


def _decoded(words, numbers, found):
    """One block of words in bytes and their rows, or none, the words as str."""
    if words:
        decoded = []
        for word in words:
            try:
                decoded.append(word.decode("utf-8"))
            except UnicodeDecodeError:
                decoded.append(None)
        found.undecodable += decoded.count(None)
        found.hashes.append(np.array([hash(word) for word in decoded if word is not None], np.int64))
        found.rows += len(words)
        yield decoded, numbers


def _finite_rows(rows, D):
    """M rows of fields -> (M, D) float32, and (M,) bool, which of them are D finite numbers; the others are 0."""
    numbers = _to_floats(rows, D) if rows else np.zeros((0, D), np.float32)
    if numbers is not None:
        return numbers, np.isfinite(numbers).all(axis=1)
    if len(rows) == 1:
        return np.zeros((1, D), np.float32), np.zeros(1, bool)
    halves = _finite_rows(rows[: len(rows) // 2], D), _finite_rows(rows[len(rows) // 2 :], D)
    return tuple(np.concatenate(parts) for parts in zip(*halves))  # 2 of (M/2, D), (M/2,) -> (M, D), (M,)


def _to_floats(rows, D):
    """M rows of fields, in bytes -> (M, D) float32, or None where one is no number or a row has another width."""
    try:
        texts = [row.decode("ascii") for row in rows]
        if not all(map(str.strip, texts)):  # loadtxt would skip them
            return None
        numbers = np.loadtxt(texts, dtype=np.float32, comments=None, ndmin=2)
    except ValueError:  # of bytes that are no ASCII, too
        return None
    return numbers if numbers.shape == (len(rows), D) else None


def _shown(content):
    return repr(content.decode("utf-8", "backslashreplace")[:_SHOWN])


# ---- binary


def _binary_rows(stream, header_size, found):
    """The blocks of a binary file of word2vec: a word, a space, D float32, little-endian; then a line end, or none."""
    size, number = 4 * found.D, 0
    stream.read(header_size)
    data = b""
    while more := stream.read(_CHUNK + size):
        data += more
        start, words, rows = 0, [], []
        while (end := data.find(b" ", start, start + _LONGEST_WORD)) >= 0 and end + 1 + size <= len(data):
            words.append(data[start:end].lstrip(b"\n"))
            start = end + 1 + size
            rows.append(data[end + 1 : start])
        numbers = np.frombuffer(b"".join(rows), "<f4").astype(np.float32, copy=False).reshape(-1, found.D)
        # a word with a space moves all that follows
        is_word = [bool(word) and not _CONTROL.search(word) for word in words]
        good = np.isfinite(numbers).all(axis=1) & np.array(is_word, bool)  # (M,)
        for i in np.flatnonzero(~good):
            reason = f"a number of {_shown(words[i])} is not finite" if is_word[i] else f"no word, {_shown(words[i])}"
            found.leave_out(number + int(i) + 1, reason)
        number += len(words)
        yield from _decoded([word for word, is_good in zip(words, good) if is_good], numbers[good], found)
        data = data[start:]
        if len(data) > _LONGEST_WORD + size:
            break
    if data.strip(b"\n"):
        found.leave_out(number + 1, "it is cut off" if len(data) <= _LONGEST_WORD + size else "no end of its word")
