"""The error that a user can correct, as opposed to a programmer; the command line shows its message and exits."""

import contextlib


class DataError(ValueError):
    """Bad input, in one line: what was expected, what came, and where (file, line, object)."""


@contextlib.contextmanager
def reading(path):
    """An OSError in the block becomes a DataError that names the file, `path` if the system names none."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error})") from None
