"""Lines and comma-separated records of a UTF-8 file, one at a time, with their numbers.
What is wrong with one is a DataError that names the file and the line."""

import contextlib
import csv

from dataset.errors import DataError

LONGEST = 100 << 20  # bytes of a line: more than any text, less than a stream without end
_NO_FIELD_LIMIT = 2**31 - 1  # the largest that a C long holds everywhere


def lines(path):
    """The lines of a UTF-8 file with their ends."""
    with path.open("rb") as file:
        yield from decoded(file, path)


def decoded(stream, name):
    """The lines of a binary stream of UTF-8 with their ends, "\\n" alone: U+0085 and its like may stand in a text.

    A byte order mark is skipped. DataError naming `name` and the line that is not UTF-8, or longer than LONGEST.
    """
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST + 1), b""), start=1):
        if len(line) > LONGEST:
            raise DataError(f"{name}, line {number}: expected at most {LONGEST:,} bytes in a line, got more")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            came = f"byte 0x{line[error.start]:02x}"
            raise DataError(f"{name}, line {number}: expected UTF-8, got {came}") from None
        yield text.removeprefix("\ufeff") if number == 1 else text


def csv_rows(path):
    """(number of its first line, cells) of each record that is not blank."""
    reader = csv.reader(lines(path), skipinitialspace=True, strict=True)
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
def any_field_size():
    """Let the csv module, whose limit is global, read fields of any size in here."""
    before = csv.field_size_limit(_NO_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
