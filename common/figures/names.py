"""Names in figures: taken literally, on one line, shortened to the room that there is."""

import unicodedata

import numpy as np

NAME_WIDTH = 24  # columns of a name
LETTER = 0.6 / 72  # inches that a letter of one point is wide
JOINERS = "\u200c\u200d"  # invisible, and part of words and of emoji


def legend(ax, artists, **how):
    """A legend of the named artists, with their names taken literally: no formula, none left out for a leading "_"."""
    named = [artist for artist in artists if not artist.get_label().startswith("_child")]  # matplotlib's own
    made = ax.legend(named, list(map(str, range(len(named)))), **how)
    for text, artist in zip(made.get_texts(), named):
        text.set_text(shortened(artist.get_label(), NAME_WIDTH))
        text.set_parse_math(False)
    return made


def shortened(name, most):
    """A name on one line of at most `most` columns; a longer one without its middle: names differ mostly in their
    beginnings and ends. A Chinese, Japanese or Korean letter takes two columns.
    """
    name = unicodedata.normalize("NFC", str(name))
    name = " ".join("".join(c if c.isprintable() or c in JOINERS else " " for c in name).split())
    if width_of(name) <= most:
        return name
    head, tail = _fitting(name, most // 2), _fitting(name[::-1], most - most // 2 - 1)
    return f"{head}…{tail[::-1]}"


def width_of(text):
    """Columns of a text in a font of fixed width."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def _fitting(text, most):
    """The beginning of a text that takes at most `most` columns."""
    widths = np.cumsum([width_of(c) for c in text])
    return text[: np.searchsorted(widths, most, side="right")]
