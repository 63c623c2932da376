"""Lines of a file of text, one at a time: of UTF-8, of any encoding, of a compressed file; and records of a CSV file.
A defect in one of them is a DataError that names the file and the line."""

import bz2
import codecs
import contextlib
import csv
import gzip
import io
import threading
import zlib
from types import SimpleNamespace

from dataset.errors import DataError
from dataset.reading.encodings import check_encoding, guess_encoding, is_damaged_utf8
from dataset.reading.file_kinds import check_is_text
from dataset.reading.input_file import open_input

LONGEST = 100 << 20  # bytes of a line: longer than any text, so that an endless stream does not fill the memory
_BLOCK = 1 << 16  # bytes that are decoded at a time
_COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}  # first bytes -> what opens such a file
_SURELY = 10  # characters of UTF-8 that bytes of another encoding do not form by chance
_MARKS = {  # of two that begin alike, the longer one first
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NO_FIELD_LIMIT = 2**31 - 1  # the largest C long of every platform
_csv_limit = SimpleNamespace(lock=threading.Lock(), inside=0, before=None)


def read_lines(path):
    """The lines of a UTF-8 file with their ends."""
    with open_input(path) as file:
        yield from decode_lines(file, path)


def decode_lines(stream, name):
    """The lines of a binary stream of UTF-8 with their ends, "\\n" only: U+0085 and the like may occur in a text.

    A byte order mark is skipped. DataError naming `name` and the line that is not UTF-8, or longer than LONGEST.
    """
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST + 1), b""), start=1):
        if len(line) > LONGEST:
            raise DataError(f"{name}, line {number}: expected at most {LONGEST:,} bytes in a line, got more")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"0x{line[error.start]:02x}"
            raise DataError(f"{name}, line {number}: expected UTF-8, got byte {byte}") from None
        yield text.removeprefix("\ufeff") if number == 1 else text


def text_lines(path, encoding=None, option="--encoding"):
    """The lines of a file of text with their ends, whatever it is encoded or compressed with.

    encoding: None for UTF-8, or what a byte order mark says. option: what a user gives another encoding with; None
    where there is no such. gzip, bzip2 and xz are known by their first bytes. Lines end at "\\n" only, or at "\\r" in a
    file that begins without any "\\n". DataError: a file that is no text, with what it is; a byte that is wrong, with
    its line and the likely encoding; a compressed file that is damaged.
    """
    encoding = None if encoding is None else check_encoding(encoding)
    with open_input(path) as file:
        try:
            yield from _decoded(_decompressed(file), path, encoding, option)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path}: expected a whole compressed file, got a damaged one ({error})") from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise DataError(f"{path}: expected a whole compressed file, got a damaged one ({error})") from None


def _decompressed(file):
    """A stream of the content of a stream, which may be compressed."""
    head = file.peek(8)
    for magic, opener in _COMPRESSED.items():
        if head.startswith(magic):
            return io.BufferedReader(opener(file), _BLOCK)
    if head.startswith(b"\xfd7zXZ\x00"):
        import lzma  # not part of every Python

        return io.BufferedReader(_Xz(lzma.open(file), lzma.LZMAError), _BLOCK)
    return file


class _Xz(io.RawIOBase):
    """An xz stream whose defects are EOFErrors, as those of gzip."""

    def __init__(self, stream, defect):
        self.stream, self.defect = stream, defect

    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            return self.stream.readinto(buffer)
        except self.defect as error:
            raise EOFError(str(error)) from None


def _decoded(stream, path, encoding, option):
    """The lines of a binary stream of text."""
    block = stream.read(_BLOCK)
    check_is_text(block, path, encoding is None)
    marked = next((name for mark, name in _MARKS.items() if block.startswith(mark)), None)
    if encoding and marked and not encoding.startswith(marked):
        raise DataError(f"{path}: expected {encoding}, got the byte order mark of {marked}: leave out --encoding")
    if encoding and not encoding.startswith("utf") and (_utf8_characters(block) or 0) >= _SURELY:
        raise DataError(f"{path}: expected {encoding}, got UTF-8: leave out --encoding")
    encoding = encoding or marked or "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)()
    end, number, pieces, first = None, 1, [], True  # number: of the line that comes next
    size = 0  # of the pieces of a line whose end is still to come
    while True:
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            raise _wrong_byte(error, path, number, encoding, end, option) from None
        if first:
            text, first = text.removeprefix("\ufeff"), False
            end = "\r" if "\n" not in text and "\r" in text[:-1] else "\n"
        if not block:
            if text := "".join([*pieces, text]):
                yield text
            return
        ended = text.rfind(end) + 1
        if ended:
            lines = io.StringIO("".join([*pieces, text[:ended]]), newline=end)
            pieces, size = [], 0
            number += text.count(end, 0, ended)
            yield from lines
        pieces.append(text[ended:])
        size += len(pieces[-1])
        if size > LONGEST:
            raise DataError(f"{path}, line {number}: expected at most {LONGEST:,} characters in a line, got more")
        block = stream.read(_BLOCK)


def _wrong_byte(error, path, number, encoding, end, option):
    """DataError for a UnicodeError in the block that starts within line `number`."""
    shown = "UTF-8" if encoding == "utf-8" else encoding
    if encoding != "utf-8" and number == 1 and _utf8_characters(getattr(error, "object", b"")) is not None:
        return DataError(f"{path}: expected {encoding}, got UTF-8: leave out --encoding")
    if not isinstance(error, UnicodeDecodeError):  # "UTF-16 stream does not start with BOM"
        return DataError(f"{path}: expected {shown}, got other bytes ({error}); say another --encoding")
    data = error.object
    number += data[: error.start].decode(encoding, "replace").count(end or "\n")
    byte = f"expected {shown}, got byte 0x{data[error.start]:02x}"
    likely = guess_encoding(data[data.rfind(b"\n", 0, error.start) + 1 :])
    if encoding == "utf-8" and is_damaged_utf8(data):
        found = "what is around it is UTF-8: mend this line"
    elif likely and likely != encoding:
        found = f"it looks like {likely}: " + (f"say {option} {likely}" if option else "save it as UTF-8")
    else:
        found = f"say its encoding with {option} NAME" if option else "save it as UTF-8"
    return DataError(f"{path}, line {number}: {byte}; {found}")


def _utf8_characters(data):
    """How many characters beyond ASCII these bytes have as UTF-8; None where they are none."""
    try:
        return sum(character > "\x7f" for character in codecs.getincrementaldecoder("utf-8")().decode(data))
    except UnicodeDecodeError:
        return None


def read_csv(path):
    """(number of its first line, cells) of each record that is not blank."""
    reader = csv.reader(read_lines(path), skipinitialspace=True, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{path}, line {number}: expected a CSV record, got none ({error})") from None
        if len(cells) > 1 or "".join(cells).strip():
            yield number, cells


@contextlib.contextmanager
def unlimited_csv_fields():
    """Let the csv module, whose limit is global, read fields of any size; the last thread that leaves restores it."""
    with _csv_limit.lock:
        if not _csv_limit.inside:
            _csv_limit.before = csv.field_size_limit(_NO_FIELD_LIMIT)
        _csv_limit.inside += 1
    try:
        yield
    finally:
        with _csv_limit.lock:
            _csv_limit.inside -= 1
            if not _csv_limit.inside:
                csv.field_size_limit(_csv_limit.before)
