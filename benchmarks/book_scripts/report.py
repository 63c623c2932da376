"""What two sides printed, compared number by number; and the tables."""

import re
import statistics

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NOT_COMPARED = re.compile(  # the clock, counters of progress, colours
    r"time \d+\[s\]|^[\d.]+% done$|^\d+ / \d+$|\x1b\[\d+m", re.MULTILINE
)


def numbers(text):
    """The numbers of what a script printed, and its text with # for each; what cannot be compared is left out."""
    text = _NOT_COMPARED.sub("", text)
    return [float(found) for found in _NUMBER.findall(text)], "".join(_NUMBER.sub("#", text).split())


def compare(theirs, ours):
    """Two outputs in words: "the same", "the same to rounding", or by how much they differ."""
    (a, a_text), (b, b_text) = numbers(theirs), numbers(ours)
    if (a, a_text) == (b, b_text):
        return "the same"
    if len(a) != len(b):
        return f"other words ({len(a)} numbers, {len(b)} of ours)"
    off = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if not _rounding(x, y)]
    words = "" if a_text == b_text else ", other words"
    if not off:
        return f"the same to rounding{words}"
    by = 100 * statistics.median(abs(b[i] - a[i]) / max(abs(a[i]), 1e-12) for i in off)
    said = f"the first {off[0]} of {len(a)} numbers are the same, {len(off)} are not, by {by:.2g} % in the median"
    return f"{said}; the last are {a[-1]:g} and {b[-1]:g}{words}"


def _rounding(x, y):
    """Whether two printed numbers may be one before rounding: 0.01 where two digits are printed, 1e-4 of long ones."""
    return abs(x - y) <= max(0.0101 if round(x, 2) == x and round(y, 2) == y else 0, 1e-4 * abs(x), 1e-6)


def table(head, rows):
    """A table in Markdown: list of str and lists of str -> str."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)
