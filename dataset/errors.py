"""The error that a user can correct, as opposed to a programmer; the command line shows its message and exits."""


class DataError(ValueError):
    """Bad input, in one line: what was expected, what came, and where (file, line, object)."""
