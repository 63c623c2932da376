"""Labelled texts of the user: a .tsv file, a .csv file, or a folder with one sub-folder per class.
All three are read as one stream of (where, label, text), so that they share their checks.
A defect is a DataError that names the place."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import DataError, reading
from dataset.lines import read_csv, read_lines, unlimited_csv_fields

_LONGEST_NUMBER = 100  # characters; a longer label is no number, whatever the interpreter's own limit is

# Column names in headers, the likeliest first.
_LABEL_COLUMNS = ["label", "labels", "sentiment", "class", "target", "category", "polarity"]
_LABEL_COLUMNS += ["y", "rating", "score", "stars"]
_TEXT_COLUMNS = ["text", "texts", "review", "sentence", "phrase", "comment", "content", "body"]
_TEXT_COLUMNS += ["document", "tweet", "message", "x"]

_LOOK_AHEAD = 1000  # rows by which the column of the labels is recognized
_LONGEST_LABEL = 40  # characters; longer cells are no labels


@dataclass(frozen=True)
class ReadOptions:
    """What a person said of a file; None: it is found out.

    text_column, label_column, weight_column, group_column: a name in the header (any case, spaces = underscores), or a
    number from 1. encoding: None for UTF-8 or what a byte order mark says. strict: a row that cannot be used is a
    DataError.
    """

    text_column: str | None = None
    label_column: str | None = None
    weight_column: str | None = None
    group_column: str | None = None
    encoding: str | None = None
    strict: bool = False


@dataclass
class LabelledFile:
    """texts: list of N str. t: (N,) int64 class ids. label_names: of the ids, in order. numbers: (N,) int64, the line
    of each text in its file (of a folder: 1 .. N). weights: (N,) float64 or None. groups: list of N str or None.
    left_out: reason ("no label") -> list of line numbers. notes: lines to be said, such as which columns were read.
    """

    texts: list
    t: np.ndarray
    label_names: list
    numbers: np.ndarray
    weights: np.ndarray | None = None
    groups: list | None = None
    left_out: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


def load_data(path, num_classes=None, label_names=None):
    """`read_labelled` without its notes: -> texts, t, label_names."""
    read = read_labelled(path, ReadOptions(), num_classes, label_names)
    return read.texts, read.t, read.label_names


def read_labelled(path, how=ReadOptions(), num_classes=None, label_names=None):
    """The labelled texts of a file or a folder, in its order: a LabelledFile.

    num_classes: the number of classes that is required, or None for any number from 2 on. label_names: the classes in
    id order if they are known already, as for a test file; then num_classes is ignored. DataError.
    """
    path = Path(path)
    ids = {name: class_id for class_id, name in enumerate(label_names or [])}
    texts, class_ids, numbers = [], [], []
    with reading(path), unlimited_csv_fields():
        for where, label, text in _examples(path):
            if label not in ids:
                if label_names is not None:
                    expected = f"expected one of {_listed(label_names)}"
                    raise DataError(f"{where}: unknown label {label[:_LONGEST_LABEL]!r}, {expected}")
                ids[label] = len(ids)
            texts.append(text)
            class_ids.append(ids[label])
            numbers.append(len(texts))
    if not texts:
        raise DataError(f"{path}: expected labelled texts, got none")
    t = np.array(class_ids, dtype=np.int64)
    if label_names is not None:
        return LabelledFile(texts, t, list(label_names), np.array(numbers))
    names = _sorted_names(ids)
    if len(names) < 2 if num_classes is None else len(names) != num_classes:
        needed = "at least 2 are needed" if num_classes is None else f"{num_classes} were asked for"
        raise DataError(f"{path}: {len(names)} class{'es' * (len(names) != 1)} ({_listed(names)}) found where {needed}")
    rank = {name: class_id for class_id, name in enumerate(names)}
    t = np.array([rank[name] for name in ids], dtype=np.int64)[t]
    return LabelledFile(texts, t, names, np.array(numbers))


def left_out_line(name, left_out, total=None, unit="line"):
    """One line for rows that are left out, or None where there are none.

    left_out: reason ("no label", "no word") -> list of line numbers. total: of all rows, if it is known. unit: what is
    numbered, "line" or "text".
    """
    lines = sorted(line for lines in left_out.values() for line in lines)
    if not lines:
        return None
    of = "" if total is None else f" of {total:,} {'rows' if unit == 'line' else 'texts'}"
    reasons = ", ".join(f"{reason} {len(lines):,}" for reason, lines in left_out.items() if lines)
    verb = "is" if len(lines) == 1 else "are"
    shown = ", ".join(f"{line:,}" for line in lines[:3]) + (", ..." if len(lines) > 3 else "")
    return f"{name}: {len(lines):,}{of} {verb} left out ({reasons}): {unit}{'s' * (len(lines) > 1)} {shown}"


def read_texts(path, how=ReadOptions()):
    """The texts of a file, labelled or not: -> header (list of str) or None, iterator of (line number, text, cells)."""
    path = Path(path)

    def rows():
        with reading(path), unlimited_csv_fields():
            for number, (_, label, text) in enumerate(_examples(path), start=1):
                yield number, text, [label, text]

    return None, rows()


def load_groups(path, column=None):
    """The group of each text, such as its film or its author, for a split that divides no group.

    column: None if the file has a line for each text, in their order; or else the name, in upper or lower case, of a
    further column in the header of `path`, the .tsv or .csv file of the texts.

    -> list of N str. DataError: input that is missing, unreadable or no UTF-8; no such column; an empty group.
    """
    path = Path(path)
    groups = []
    with reading(path), unlimited_csv_fields():
        for number, group in enumerate(read_lines(path), start=1) if column is None else _column(path, column):
            groups.append(group.strip())
            if not groups[-1]:
                raise DataError(f"{path}, line {number}: expected a group, got an empty one")
    return groups


def check_lengths(lengths, where, numbers=None):
    """Raise a DataError if a text has no token: it names `where`, the first such text, and how many there are.

    lengths: (N,) int, the tokens of each text. numbers: (N,) by which the message names them; None for 1 .. N.
    """
    empty = np.flatnonzero(np.equal(lengths, 0))
    if len(empty):
        first = empty[0] + 1 if numbers is None else numbers[empty[0]]
        raise DataError(f"{where}: expected words in every text, text {first} has none ({len(empty)} such in all)")


def _examples(path):
    """(where, label, text) of every labelled text of a path; `where` is for messages."""
    if not path.exists():
        raise DataError(f"{path}: expected a file or a folder, there is none of this name")
    return _from_folder(path) if path.is_dir() else _from_rows(path)


def _rows(path):
    """(line number, cells) of each row of a file that is not blank."""
    if path.suffix.lower() == ".csv":
        yield from read_csv(path)
        return
    for number, line in enumerate(read_lines(path), start=1):
        line = line.removesuffix("\n").removesuffix("\r")
        if line.strip(" "):
            yield number, line.split("\t")


def _from_folder(path):
    """The examples of a folder, class after class, in alphabetical order."""
    folders = [entry for entry in _visible(path) if entry.is_dir()]
    if not folders:
        raise DataError(f"{path}: expected one sub-folder per class, got none")
    for folder in folders:
        files = [entry for entry in _visible(folder) if entry.suffix.lower() == ".txt"]
        if not files:
            raise DataError(f"{folder}: expected .txt files, got none")
        for file in files:
            yield file, folder.name, "".join(read_lines(file))


def _visible(folder):
    return sorted((entry for entry in folder.iterdir() if not entry.name.startswith(".")), key=lambda e: e.name)


def _from_rows(path):
    """The examples of a file."""
    rows, separator = _rows(path), "a comma" if path.suffix.lower() == ".csv" else "a tab"
    first = list(itertools.islice(rows, _LOOK_AHEAD))
    label_column, text_column, width = 0, 1, 2
    if first and (header := _read_header(first[0][1])):
        label_column, text_column, width = header
        del first[0]
    elif _label_is_last([cells for _, cells in first]):
        label_column, text_column = 1, 0
    for number, cells in itertools.chain(first, rows):
        where = f"{path}, line {number}"
        if separator == "a tab" and width == 2 and len(cells) > 2:
            # Further tabs belong to the text.
            cells = [cells[0], "\t".join(cells[1:])] if label_column == 0 else ["\t".join(cells[:-1]), cells[-1]]
        if len(cells) != width:
            raise DataError(f"{where}: expected {width} columns with {separator} between them, got {len(cells)}")
        label = cells[label_column].strip()
        if not label:
            raise DataError(f"{where}: expected a label, got an empty one")
        yield where, label, cells[text_column]


def _read_header(cells):
    """(column of the label, column of the text, number of columns), or None if this is no header."""
    names = [cell.strip().lower() for cell in cells]
    label = next((name for name in _LABEL_COLUMNS if name in names), None)
    text = next((name for name in _TEXT_COLUMNS if name in names), None)
    return (names.index(label), names.index(text), len(names)) if label and text else None


def _column(path, name):
    """(line number, cell) of a column that is not the one of label or text."""
    rows = iter(()) if path.is_dir() else _rows(path)
    cells = next(rows, (1, []))[1]
    names, header = [cell.strip().lower() for cell in cells], _read_header(cells)
    further = [other for i, other in enumerate(names) if header and i not in header[:2]]
    if name.strip().lower() not in further:
        got = f"the further columns {_listed(further)}" if further else "no header with further columns"
        raise DataError(f"{path}: expected a header with the column {name!r}, got {got}")
    i = names.index(name.strip().lower())
    return ((number, cells[i] if i < len(cells) else "") for number, cells in rows)


def _label_is_last(rows):
    """Whether the label is the last column of a file without a header, see `load_data`."""
    rows = [cells for cells in rows if len(cells) > 1]
    first, last = {cells[0] for cells in rows}, {cells[-1].strip() for cells in rows}
    return len(last) < len(first) and all(0 < len(label) <= _LONGEST_LABEL for label in last)


def _sorted_names(names):
    """Numbers by their value, anything else by the alphabet."""
    if any(len(name) > _LONGEST_NUMBER for name in names):
        return sorted(names)
    try:
        return sorted(names, key=lambda name: (int(name), name))
    except ValueError:
        return sorted(names)


def _listed(names):
    """The first few names, for a message of one line."""
    shown = [" ".join(name.split())[:_LONGEST_LABEL] for name in names[:5]]
    return ", ".join(shown if len(names) <= 5 else [*shown, "..."])
