"""Text that is safe in a terminal, whatever files, texts and labels are called; and a stream that prints no other."""

import re

_JOINERS = "\u200c\u200d"  # invisible, harmless, and part of words and of emoji
# What tqdm writes to draw bars again and again: the line anew, the cursor to the line of another bar.
_DRAWING = re.compile("\r[^\r\n\x1b]*|(\x1b\\[A)+")


def printable(text, kept=""):
    """A text on one line, with a space for each character that a terminal or a spreadsheet would interpret: control
    characters, escapes, line separators, marks of direction, lone surrogates. kept: str of those that stay, as a tab.
    """
    if text.isprintable():
        return text
    stay, other = _JOINERS + kept, text
    for character in stay:
        other = other.replace(character, "")
    if other.isprintable():  # ten times as fast as what follows
        return text
    return text.translate({ord(c): " " for c in set(text) if not c.isprintable() and c not in stay})


class PrintableStream:
    """A text stream that lets pass what can be printed, line ends, tabs, and in a terminal the drawing of bars: what
    argparse, warnings, tqdm and others print is harmless, too. `unfiltered`: the stream itself.
    """

    def __init__(self, stream):
        self.unfiltered, self._draws = stream, is_terminal(stream)

    def __getattr__(self, name):
        return getattr(self.unfiltered, name)

    def write(self, text):
        if self._draws and text[:1] in "\r\x1b" and _DRAWING.fullmatch(text):
            self.unfiltered.write(text[:1] + printable(text[1:]) if text[0] == "\r" else text)
        else:
            self.unfiltered.write(printable(text, "\n\t"))
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)


def is_terminal(stream):
    """Whether a stream can be drawn on: False also for None, a closed one, and one that does not know."""
    try:
        return bool(stream.isatty())
    except Exception:  # of whatever a stream of somebody's own raises
        return False
