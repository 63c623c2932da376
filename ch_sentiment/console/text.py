"""Text that is safe in a terminal, and names of files that can be pasted into a shell."""

import os
import re
import shlex

from dataset.printable import printable

_STYLE = re.compile("(\x1b\\[[0-9;]*m)")  # bold, underlined, a colour


def printable_styled(text):
    """The same of a text that is bold or coloured in places: such sequences stay. What the text shows must have been
    made `printable` before.
    """
    return "".join(part if i % 2 else printable(part, "\t") for i, part in enumerate(_STYLE.split(text)))


def shorten(text, width):
    """`printable` text of at most `width` characters, the last of them an ellipsis where some are left out."""
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def shorten_name(name, width):
    """The same of a name, without its middle: names differ mostly in their beginnings and ends."""
    name = printable(name)
    tail = width // 2
    return name if len(name) <= width else f"{name[: width - tail - 1]}…{name[len(name) - tail :]}"


def as_argument(name):
    """The name of a file or folder as an argument of a command that can be pasted into a shell: `quoted`, with ./
    before a dash.
    """
    name = os.fspath(name)
    return quoted(f"./{name}" if name.startswith("-") else name)


def quoted(text):
    """A text that can be pasted into a shell, and acts on no terminal: between quotes where it must be, as $'...'
    (POSIX 2024, bash, zsh) where a character cannot be shown.
    """
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character):
    """A character between $' and ': its bytes in the name of a file, where it cannot be shown."""
    if character.isprintable():
        return f"\\{character}" if character in "'\\" else character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
