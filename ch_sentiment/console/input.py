"""Standard input as lines of text."""

import select
import sys
from collections import deque

BLOCK = 1 << 16  # bytes of standard input that are read at a time


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
