"""The one place that prints. Whatever a line holds, it is one line, and nothing in it acts on a terminal."""

import os
import sys

from ch_sentiment.console.text import printable, printable_styled
from common.training.terminal import write_line
from dataset.printable import PrintableStream


def say(*lines, kept=""):
    """Print lines, as `show`. After a broken pipe these and all further ones are discarded, and the work goes on."""
    try:
        show(*lines, kept=kept)
    except BrokenPipeError:
        discard(sys.stdout)


def show(*lines, kept=""):
    """Print lines. kept: what stays in them beside what is `printable`: a tab between cells that have none inside.
    BrokenPipeError where nobody reads them any more.
    """
    text = "\n".join(lines)
    if text.count("\n") >= max(len(lines), 1) or printable(text, f"\n{kept}") != text:
        text = "\n".join(printable(line, kept) for line in lines)
    _print(text)


def say_styled(*lines):
    """`say` lines that are bold or coloured in places, to a terminal: what they show is `printable` already."""
    stream = sys.stdout
    try:
        _print("\n".join(map(printable_styled, lines)), getattr(stream, "unfiltered", stream))
    except BrokenPipeError:
        discard(stream)


def warn(*lines):
    """Print lines on standard error; where that is closed or full, nowhere."""
    for line in lines:
        write_line(sys.stderr, printable(line))


def once(say):
    """-> a function that calls `say` with each line that it is given, but with none a second time."""
    said = set()

    def say_once(line):
        if line not in said:
            said.add(line)
            say(line)

    return say_once


def _print(text, stream=None):
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def discard(stream):
    """From now on what is written to a standard stream is lost, in silence."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def prepare_streams():
    """Standard streams of a program: UTF-8, lone surrogates escaped, `PrintableStream`; a closed one is os.devnull."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  (open until the process ends)
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        setattr(sys, name, stream if mode == "r" else PrintableStream(stream))


def finish_streams():
    """Write out what standard output and error still hold. OSError of standard output; afterwards they hold nothing,
    so that the interpreter finds nothing to complain of.
    """
    try:
        sys.stdout.flush()
    except OSError:
        discard(sys.stdout)
        raise
    finally:
        try:
            sys.stderr.flush()
        except OSError:
            discard(sys.stderr)
