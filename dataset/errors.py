"""The one error of this package that is a person's to mend, not a programmer's.
The command line shows its message as it stands and stops."""


class DataError(ValueError):
    """Bad input from a person, in one line: what was expected, what came, and where (file, line, object)."""
