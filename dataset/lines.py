"""Lines and comma-separated records of a UTF-8 file, one at a time, with their numbers.
A defect in one of them is a DataError that names the file and the line."""

import contextlib
import csv

from dataset.errors import DataError

LONGEST = 100 << 20  # bytes of a line: longer than any text, so that an endless stream does not fill the memory
_NO_FIELD_LIMIT = 2**31 - 1  # the largest C long of every platform


def read_lines(path):
    """The lines of a UTF-8 file with their ends."""
    with path.open("rb") as file:
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
    """Let the csv module, whose limit is global, read fields of any size; the limit is restored afterwards."""
    before = csv.field_size_limit(_NO_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
