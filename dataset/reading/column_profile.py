"""What stands in a column of a table, by a sample of its cells: sentences, labels, numbers, dates, addresses."""

import re
from collections import Counter

from dataset.reading.labels import is_missing

LONGEST_LABEL = 40  # characters; longer cells are no labels
MOST_LABELS = 50
URL = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|\S+\.(?:com|org|net|de)/\S*", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(  # also 2-Jan-23, May 2, 2023
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|[A-Z][a-z]{2},? .*\d\d:\d\d.*|\d{1,2}:\d\d(:\d\d)?"
    rf"|\d{{1,2}}[-. ] ?(?i:{_MONTH})[-., ]+\d{{2,4}}\b.*|(?i:{_MONTH})[. ] ?\d{{1,2}},? \d{{4}}\b.*"
    r"|(?:\d{2,4}年)?\d{1,2}[月월] ?\d{1,2}[日일].*"
)
NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?%?")
_WHOLE = re.compile(r"[+-]?\d+(?:\.0+)?")


def is_place(cell):
    """Whether a cell is an address or a date."""
    return bool(URL.fullmatch(cell) or _DATE.fullmatch(cell))


class Profile:
    """What stands in a column, by a sample of its cells (str or None)."""

    def __init__(self, cells):
        present = [cell.strip() for cell in cells if cell is not None and not is_missing(cell)]
        self.total, self.n, self.values = len(cells), len(present), Counter(present)
        n = max(1, self.n)
        self.distinct, self.mean = len(self.values), sum(map(len, present)) / n
        self.longest = max(map(len, present), default=0)
        self.words = sum(len(cell.split()) for cell in present) / n
        self.wide = sum(any(c > "\u2e80" for c in cell) for cell in present) / n  # in a script without spaces
        self.numbers = sum(bool(NUMBER.fullmatch(cell)) for cell in present) / n
        self.fractions = sum(bool(NUMBER.fullmatch(cell)) and not _WHOLE.fullmatch(cell) for cell in present) / n
        self.places = sum(map(is_place, present)) / n

    def may_be_text(self):
        return self.n > 0 and self.numbers < 0.8 and self.places < 0.8

    def is_text(self):
        """Whether these are sentences."""
        long = self.words >= 2.5 or (self.wide > 0.5 and self.mean >= 5)
        return self.may_be_text() and long and (self.n < 6 or self.distinct > 0.3 * self.n)

    def may_be_label(self):
        """Whether these can be labels where a name says that they are."""
        if not self.n or self.longest > 2 * LONGEST_LABEL or self.places > 0.5:
            return False
        if self.fractions > 0.5 and self.distinct > max(3, 0.5 * self.n):
            return False
        return self.n < 20 or self.distinct <= max(2, 0.5 * self.n)

    def is_label(self):
        """Whether these are a few short values that come again and again."""
        few = self.distinct <= min(MOST_LABELS, self.n / 2) if self.n >= 6 else True
        return few and self.may_be_label() and self.longest <= LONGEST_LABEL and self.fractions < 0.5
