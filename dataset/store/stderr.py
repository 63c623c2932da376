"""Standard error, which may be anything: a terminal, a log, a notebook's, or none (a process without a console)."""

import contextlib
import sys

from dataset.printable import printable


def is_terminal():
    """Whether a bar can be drawn on it."""
    try:
        return bool(sys.stderr.isatty())
    except (AttributeError, ValueError, OSError):  # it does not know, is None, or is closed
        return False


def write(line):
    """Write a line, where that is possible; names in it cannot act on a terminal."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stderr.write(f"{printable(line)}\n")
