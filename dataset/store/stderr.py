"""Standard error, which may be anything: a terminal, a log, a notebook's, or none (a process without a console)."""

import contextlib
import sys

from dataset import printable


def is_terminal():
    """Whether a bar can be drawn on it."""
    return printable.is_terminal(sys.stderr)


def write(line):
    """Write a line, where that is possible; names in it cannot act on a terminal."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stderr.write(f"{printable.printable(line)}\n")
