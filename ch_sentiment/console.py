"""The standard streams, made dependable: UTF-8 whatever the locale, there even if closed, harmless to a terminal.
And SIGTERM as an exception, and figures drawn without a word."""

import contextlib
import logging
import os
import signal
import sys
import threading
import warnings

from dataset.lines import decode_lines

_JOINERS = "\u200c\u200d"  # invisible, obeyed by no terminal, and part of words and of emoji


class Terminated(BaseException):
    """SIGTERM came: what KeyboardInterrupt is to Ctrl-C."""


@contextlib.contextmanager
def terminable():
    """Meanwhile SIGTERM raises Terminated, so that what was begun is tidied up."""

    def terminate(number, frame):
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def drawing():
    """Meanwhile matplotlib says nothing of its cache folder, nor of a letter that its font has not."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        yield


def prepare_streams():
    """UTF-8 on what is written, with escapes for what that cannot hold; a stream that is closed becomes a void."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (it lives as long as we do)
        elif hasattr(stream, "reconfigure") and mode == "w":
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def as_utf8(argument):
    """A command-line argument as the UTF-8 that it was typed in, also where the locale has another idea."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def say(line):
    """Print a line; where nobody reads any longer, this and all further lines go nowhere, and the work goes on."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def input_lines():
    """The lines of standard input without their ends. DataError naming the line that is not UTF-8."""
    stream = getattr(sys.stdin, "buffer", None)
    lines = sys.stdin if stream is None else decode_lines(stream, "standard input")
    return (line.rstrip("\r\n") for line in lines)


def printable(text):
    """A text on one line, with spaces for all that a terminal or a spreadsheet would obey.

    That is: control characters, escapes, every line separator, marks of direction, lone surrogates.
    """
    if text.isprintable():
        return text
    return text.translate({ord(c): " " for c in set(text) if not c.isprintable() and c not in _JOINERS})
