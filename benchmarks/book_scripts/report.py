"""What two sides printed, compared number by number; and the tables."""

import re
import statistics

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_CLOCK = re.compile(r"time \d+\[s\]")
_COLOUR = re.compile(r"\x1b\[\d+m")


def numbers(text):
    """The numbers of what a script printed, and its text with # for each; times and colours are left out."""
    text = _COLOUR.sub("", _CLOCK.sub("", text)).replace("\r", "\n")
    return [float(found) for found in _NUMBER.findall(text)], "".join(_NUMBER.sub("#", text).split())


def compare(theirs, ours):
    """Two outputs in words: "the same", "the same to rounding", or by how much they differ."""
    (a, a_text), (b, b_text) = numbers(theirs), numbers(ours)
    if (a, a_text) == (b, b_text):
        return "the same"
    if len(a) != len(b):
        return f"other words ({len(a)} numbers, {len(b)} of ours)"
    pairs = list(zip(a, b, strict=True))
    off = [abs(y - x) / max(abs(x), 1e-12) for x, y in pairs if not _rounding(x, y)]
    words = "" if a_text == b_text else ", other words"
    if not off:
        return f"the same to rounding{words}"
    share = f"{len(off)} of {len(pairs)} numbers differ, by {100 * statistics.median(off):.2g} % in the median"
    return f"{share}, the last {pairs[-1][0]:g} and {pairs[-1][1]:g}{words}"


def _rounding(x, y):
    """Whether two printed numbers may be one before rounding: 0.01 where two digits are printed, 1e-4 of long ones."""
    return abs(x - y) <= max(0.0101 if round(x, 2) == x and round(y, 2) == y else 0, 1e-4 * abs(x), 1e-6)


def table(head, rows):
    """A table in Markdown: list of str and lists of str -> str."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)
