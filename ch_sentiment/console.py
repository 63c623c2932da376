"""The command line's surroundings: standard streams in UTF-8, text that is safe in a terminal, SIGTERM as an exception,
and errors in one line.
"""

import argparse
import contextlib
import os
import re
import select
import shutil
import signal
import sys
import threading
from collections import deque

BLOCK = 1 << 16  # bytes of standard input that are read at a time
_JOINERS = "\u200c\u200d"  # invisible, harmless, and part of words and of emoji


class Terminated(BaseException):
    """Raised on SIGTERM, as KeyboardInterrupt is on Ctrl-C."""


class ShortHelp(argparse.HelpFormatter):
    """Lines of at most 100 characters, and --[no-]flag for a flag with an opposite."""

    def __init__(self, prog):
        super().__init__(prog, width=min(shutil.get_terminal_size().columns, 102) - 2)

    def _format_action_invocation(self, action):
        if isinstance(action, argparse.BooleanOptionalAction):
            return action.option_strings[0].replace("--", "--[no-]", 1)
        return super()._format_action_invocation(action)


class OneLineParser(argparse.ArgumentParser):
    """Reports an error in one line, without the usage before it. hint: added where an argument looks like an option."""

    hint = ""

    def error(self, message):
        if self.hint and re.match(r"unrecognized arguments: -|ambiguous option|.*ignored explicit argument", message):
            message += f"; {self.hint}"
        self.exit(2, f"{self.prog}: {printable(message)} (see {self.prog} --help)\n")


@contextlib.contextmanager
def terminable():
    """SIGTERM raises Terminated inside the block, so that context managers clean up."""

    def terminate(number, frame):
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def prepare_streams():
    """Write UTF-8, with escapes for lone surrogates; a closed stream becomes os.devnull."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (open until the process ends)
        elif hasattr(stream, "reconfigure") and mode == "w":
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def as_utf8(argument):
    """A command-line argument decoded as UTF-8, whatever encoding the locale names."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def say(line):
    """Print a line. After a broken pipe this and all further lines are discarded, and the work goes on."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(line):
    """Print a line on standard error."""
    print(printable(line), file=sys.stderr, flush=True)


def once(say):
    """-> a function that calls `say` with each line that it is given, but with none a second time."""
    said = set()

    def say_once(line):
        if line not in said:
            said.add(line)
            say(line)

    return say_once


def input_lines():
    """The lines of standard input without their line ends. DataError naming the line that is not UTF-8."""
    from dataset.lines import decode_lines  # here, as for all commands but a few a text is an argument

    stream = getattr(sys.stdin, "buffer", None)
    lines = sys.stdin if stream is None else decode_lines(stream, "standard input")
    return (line.rstrip("\r\n") for line in lines)


class InputLines:
    """The same, and `within`: whether the next of them comes in time."""

    def __init__(self):
        self.stream = getattr(sys.stdin, "buffer", None)
        self.lines, self.begun, self.ended = deque(), [], False  # whole lines, pieces of the one after them

    def __iter__(self):
        if self.stream is None:
            return input_lines()
        from dataset.lines import decode_lines

        return (line.rstrip("\r\n") for line in decode_lines(self, "standard input"))

    def readline(self, limit):
        """The next line as bytes with its end; b"" after the last one; without its end where it exceeds the limit."""
        while not self.lines and not self.ended and sum(map(len, self.begun)) < limit:
            block = self.stream.read1(BLOCK)
            self.ended = not block
            first, *others = block.split(b"\n")
            self.begun.append(first)
            for piece in others:
                self.lines.append(b"".join([*self.begun, b"\n"]))
                self.begun = [piece]
        if self.lines:
            return self.lines.popleft()
        line, self.begun = b"".join(self.begun), []
        return line

    def within(self, seconds):
        """Whether something more is there, or comes within so many seconds (None: wait for it), or the end does."""
        if self.lines or self.ended or self.stream is None:
            return True
        try:
            return bool(select.select([self.stream], [], [], seconds)[0])
        except (OSError, ValueError):  # no file, or a system that waits for sockets alone
            return True


def printable(text):
    """A text on one line, with a space for each character that a terminal or a spreadsheet would interpret: control
    characters, escapes, line separators, marks of direction, lone surrogates.
    """
    if text.isprintable():
        return text
    return text.translate({ord(c): " " for c in set(text) if not c.isprintable() and c not in _JOINERS})


def shorten(text, width):
    """`printable` text of at most `width` characters, the last of them an ellipsis where some are left out."""
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def shorten_name(name, width):
    """The same of a name, without its middle: names differ mostly in their beginnings and ends."""
    name = printable(name)
    tail = width // 2
    return name if len(name) <= width else f"{name[: width - tail - 1]}…{name[len(name) - tail :]}"
