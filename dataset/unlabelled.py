"""Texts without labels, to learn from beside labelled ones: read from a file, and cleared of those that must not be
there. A text of the validation or test part would be learnt with what a teacher says of it, and then scored on.
"""

import contextlib
import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

from dataset.errors import DataError, reading
from dataset.labelled_text import ReadOptions, left_out_line, read_labelled, read_texts
from dataset.lines import text_lines, unlimited_csv_fields
from dataset.reading.labels import listed
from dataset.reading.records import SPACE
from dataset.reading.table import open_table

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")  # endings of files with columns; others have a text a line
_HEAD = 1000  # rows by which labels are recognized
_NO_TEXT, _AGAIN = "no text", "the same text again"


@dataclass
class UnlabelledTexts:
    """texts: list of N str, each once. numbers: list of N int, the line of each in its file (in memory: 1 .. N). name:
    of the file, for messages. left_out: reason -> list of the numbers of texts that are not used.
    """

    texts: list
    numbers: list
    name: str = "texts without labels"
    left_out: dict = field(default_factory=dict)
    unit: str = "line"

    def __len__(self):
        return len(self.texts)

    @classmethod
    def of(cls, texts, name="texts without labels", unit="text"):
        """From an iterable of str; empty ones are left out, and what stands there twice stays once. DataError for
        what is no text, or where none is left.
        """
        return _unique(enumerate(texts, start=1), name, unit)

    def without(self, known):
        """The same without the texts that are known. known: reason ("in the test part") -> iterable of str; blanks are
        compared as one space. A reason for which nothing is left out is kept, with an empty list. DataError where no
        text is left.
        """
        reasons = {}
        for reason, texts in known.items():
            for text in texts:
                reasons.setdefault(_form(text), reason)
        left_out = {**self.left_out, **{reason: [] for reason in known}}
        index = []
        for i, (text, number) in enumerate(zip(self.texts, self.numbers)):
            reason = reasons.get(_form(text))
            index.append(i) if reason is None else left_out[reason].append(number)
        return self.take(index, left_out)

    def take(self, index, left_out):
        """Those at the positions `index`, a list, where `left_out` says why the others are not. DataError for none."""
        found = replace(
            self, texts=[self.texts[i] for i in index], numbers=[self.numbers[i] for i in index], left_out=left_out
        )
        if not index:
            raise DataError(f"{self.name}: expected texts to learn from, got none ({'; '.join(found.notes[1:])})")
        return found

    @property
    def notes(self):
        """Lines for the user: how many texts there are, and how many were left out for each reason."""
        lines = [left_out_line(self.name, {reason: of}, None, self.unit) for reason, of in self.left_out.items()]
        return [f"{self.name}: {len(self):,} texts without labels to learn from", *filter(None, lines)]


def read_unlabelled(path, encoding=None):
    """The texts of a file, one a line, or a row of a table: UnlabelledTexts. docs/self_training.md.

    A .csv, .tsv or .jsonl file has a column of texts; any other file has one text a line (also compressed, as
    `dataset.lines` reads it); of a folder each file is a text. DataError: input that is missing or unreadable, that
    holds labels, or no text.
    """
    path = Path(path)
    if found := labels_in(path, encoding):
        expected = "expected texts without labels, one a line"
        raise DataError(f"{path}: {expected}, got labelled ones ({found}): keep the texts alone in a file")
    return _unique(_rows(path, encoding), str(path), "text" if path.is_dir() else "line")


def all_texts(path, encoding=None):
    """Every text of a file, labelled or not, for `UnlabelledTexts.without`: list of str, with its whole lines too
    where the file is no table. DataError.
    """
    path = Path(path)
    if not labels_in(path, encoding):
        return [text for _, text in _rows(path, encoding)]
    with reading(path):
        lines = [] if path.is_dir() else list(text_lines(path, encoding))
    with contextlib.suppress(DataError):  # of one label alone, say: then its whole lines must do
        lines += read_labelled(path, ReadOptions(encoding=encoding)).texts
    return lines


def labels_in(path, encoding=None):
    """ "neg, pos in column 1" where a file or folder holds labelled texts, else None. DataError where there is none of
    this name.
    """
    path = Path(path)
    if not str(path) or not path.exists():
        raise DataError(f"{path}: expected a file of texts, there is none of this name")
    if path.is_dir():
        names = sorted({entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")})
        return f"the folders {listed(names)}" if len(names) > 1 else None
    try:
        with reading(path), unlimited_csv_fields():
            records, rows, columns = open_table(path, ReadOptions(encoding=encoding), labelled=True)
            cells = [row for _, row in itertools.islice(rows, _HEAD) if len(row) == columns.width]
    except DataError:
        return None  # no labels are recognized; what cannot be read at all is said where the texts are read
    names = sorted({str(row[columns.label]).strip() for row in cells} - {""})
    words = records.form == SPACE and not all(name.isdecimal() for name in names)  # sentences that begin alike
    return None if words else f"{listed(names)} in {columns.called(columns.label)}"


def _rows(path, encoding):
    """(number, text) of every row or line."""
    if path.is_dir() or _ending(path) in TABLES:
        for number, text, _ in read_texts(path, ReadOptions(encoding=encoding))[1]:
            yield number, text
        return
    with reading(path):
        for number, line in enumerate(text_lines(path, encoding), start=1):
            yield number, line.rstrip("\r\n")


def _ending(path):
    """ ".csv" of "reviews.csv.gz"."""
    endings = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".bz2", ".xz")]
    return endings[-1] if endings else ""


def _unique(rows, name, unit):
    """-> UnlabelledTexts of (number, text)."""
    texts, numbers, seen, left_out = [], [], set(), {_NO_TEXT: [], _AGAIN: []}
    for number, text in rows:
        if not isinstance(text, str):
            raise DataError(f"{name}, {unit} {number}: expected a str, got {type(text).__name__}")
        form = _form(text)
        if not form or form in seen:
            left_out[_AGAIN if form else _NO_TEXT].append(number)
            continue
        seen.add(form)
        texts.append(text)
        numbers.append(number)
    if not texts:
        raise DataError(f"{name}: expected texts to learn from, got none")
    return UnlabelledTexts(texts, numbers, name, left_out, unit)


def _form(text):
    """A text as it is compared with others."""
    return " ".join(text.split())
