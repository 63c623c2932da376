"""Labelled texts of the user: a file of any common format, or a folder. Every format is read as one stream of rows, so
that all share their checks; notes say what was detected (columns, header, classes).
A defect is a DataError that names the place and the way out; a row that cannot be used is left out, and counted."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dataset.errors import DataError, reading
from dataset.lines import text_lines, unlimited_csv_fields
from dataset.reading.folders import is_pair, only_table, open_folder
from dataset.reading.labels import Labels, check_classes, is_missing, listed, several
from dataset.reading.records import FASTTEXT, LINES, SEVERAL, SPACE
from dataset.reading.table import NO_LABEL, NO_TEXT, collect, groups_of, open_table, reasons_of, text_rows, weights_of

_MOST_SHOWN = 3  # line numbers that a message names


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about a file; None: it is detected.

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
    left_out: reason ("no label") -> list of line numbers. notes: lines for the user, such as which columns were read.
    """

    texts: list
    t: np.ndarray
    label_names: list
    numbers: np.ndarray
    weights: np.ndarray | None = None
    groups: list | None = None
    left_out: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    unit: str = "line"  # what the numbers count; "record" of a document of JSON, "text" of a folder


def load_data(path, num_classes=None, label_names=None):
    """`read_labelled` without its notes: -> texts, t, label_names."""
    read = read_labelled(path, ReadOptions(), num_classes, label_names)
    return read.texts, read.t, read.label_names


def read_labelled(path, how=ReadOptions(), num_classes=None, label_names=None):
    """The labelled texts of a file or a folder, in its order: a LabelledFile. docs/formats.md lists the formats.

    num_classes: the required number of classes; None for any number from 2 on. label_names: the classes in id order,
    where they are known, as for a test file; num_classes is then ignored.

    DataError: input that is missing, unreadable, no text, or malformed; columns that cannot be detected; an unknown
    label; another number of classes; with `how.strict` any row that cannot be used.
    """
    path = Path(path)
    labels = Labels(label_names)
    with reading(path), unlimited_csv_fields():
        path = only_table(path) or path
        read = _read_folder(path, how, labels) if _is_folder(path) else _read_file(path, how, labels)
    if not read.texts:
        reasons = reasons_of(read.left_out)
        raise DataError(f"{path}: expected labelled texts, got none" + (f" (left out: {reasons})" if reasons else ""))
    read.t, read.label_names, merged = labels.classes(read.t)
    if label_names is None and (doubled := several(read.label_names)):
        _leave_out(read, doubled)
    if how.strict and read.left_out:
        raise _strict(path, read)
    counts = np.bincount(read.t, minlength=len(read.label_names)).tolist()
    if label_names is None:
        reasons = reasons_of(read.left_out)
        source = f"; left out: {reasons}" if reasons else ""
        source += f"; {read.notes[0]}" + ("" if read.unit == "text" else ": say --label-column NAME if it is another")
        check_classes(path, read.label_names, counts, num_classes, source)
    read.notes[0] += f": {listed(read.label_names, counts)}"
    read.notes += merged
    return read


def load_groups(path, column=None, how=ReadOptions()):
    """The group of each text, such as its film or its author, for a split that divides no group.

    column: None if the file has a line for each text, in their order; or else the name or number of a column of `path`,
    the file of the texts, of which the rows are those that `read_labelled` uses.

    -> list of N str. DataError: input that is missing or unreadable; no such column; an empty group.
    """
    path = Path(path)
    if column is not None:
        return read_labelled(path, replace(how, group_column=column)).groups
    groups = []
    with reading(path):
        for number, group in enumerate(text_lines(path, how.encoding), start=1):
            groups.append(group.strip())
            if not groups[-1]:
                raise DataError(f"{path}, line {number}: expected a group, got an empty one")
    return groups


def left_out_line(name, left_out, total=None, unit="line"):
    """One line for rows that are left out, or None where there are none.

    left_out: reason ("no label", "no word") -> list of line numbers. total: of all rows, if it is known. unit: what is
    numbered, "line", "record" or "text".
    """
    lines = sorted(line for lines in left_out.values() for line in lines)
    if not lines:
        return None
    of = "" if total is None else f" of {total:,} {'rows' if unit == 'line' else f'{unit}s'}"
    reasons = ", ".join(f"{reason} {len(lines):,}" for reason, lines in left_out.items() if lines)
    verb = "is" if len(lines) == 1 else "are"
    shown = ", ".join(f"{line:,}" for line in lines[:_MOST_SHOWN]) + (", ..." if len(lines) > _MOST_SHOWN else "")
    return f"{name}: {len(lines):,}{of} {verb} left out ({reasons}): {unit}{'s' * (len(lines) > 1)} {shown}"


def read_texts(path, how=ReadOptions()):
    """The texts of a file, labelled or not, one after the other.

    -> the names of its columns (list of str) or None, TextRows: an iterator of (line number, text, cells) over all
    rows, with `notes`. A row without a text has the text "". Of a folder the cells are the name of the file.
    """
    path = Path(path)
    with reading(path), unlimited_csv_fields():
        path = only_table(path) or path
        if _is_folder(path):
            folder = open_folder(path, how.encoding)
            rows = ((number, text, [str(file)]) for number, (file, _, text) in enumerate(folder.examples, start=1))
            return ["file"], TextRows(rows, [], path)
        records, rows, columns = open_table(path, how, labelled=False)
    notes = [] if records.form == LINES else [f"text from {columns.called(columns.text)}"]
    return columns.names, TextRows(text_rows(rows, columns), [*notes, *records.notes, *columns.notes], path)


class TextRows:
    """An iterator of (line number, text, cells) with `notes`, lines for the user. DataError while it is read."""

    def __init__(self, rows, notes, path):
        self.rows, self.notes, self.path = rows, notes, path

    def __iter__(self):
        return self

    def __next__(self):
        with reading(self.path), unlimited_csv_fields():
            return next(self.rows)


def _is_folder(path):
    """Whether a path is read as a folder is. DataError where there is nothing of this name."""
    if not path.exists():
        raise DataError(f"{path}: expected a file or a folder, there is none of this name")
    return path.is_dir() or is_pair(path)


def _read_file(path, how, labels):
    """The LabelledFile of a file; its `t` are the numbers of `labels`, a Labels."""
    records, rows, columns = open_table(path, how, labelled=True)
    read = LabelledFile([], None, [], None, left_out=records.left_out, unit=records.unit)
    further = [column for column in (columns.weight, columns.group) if column is not None]
    kept = collect(path, records.unit, rows, columns, labels, read, further)
    if columns.weight is not None:
        read.weights = weights_of(path, records.unit, read.numbers, [cells[0] for cells in kept])
    if columns.group is not None:
        read.groups = groups_of(path, records.unit, read.numbers, [cells[-1] for cells in kept])
    source = f"text from {columns.called(columns.text)}, labels from {columns.called(columns.label)}"
    if records.form == FASTTEXT:
        source = "text and labels from lines with __label__"
    elif records.form == SPACE:
        source = "text from each line, labels from its first word"
    read.notes = [source, *records.notes, *columns.notes]
    return read


def _read_folder(path, how, labels):
    """The LabelledFile of a folder or of a pair of files; its `t` are the numbers of `labels`, a Labels."""
    for option in ("text_column", "label_column", "weight_column", "group_column"):
        if (column := getattr(how, option)) is not None:
            name = option.replace("_", "-")
            raise DataError(f"{path}: --{name} {column}: expected a file with columns, got a folder or a pair of files")
    folder = open_folder(path, how.encoding)
    read = LabelledFile([], None, [], None, notes=folder.notes, unit="text")
    t, numbers = [], []
    for number, (file, label, text) in enumerate(folder.examples, start=1):
        class_id = labels.ids.get(label)
        if class_id is None:
            class_id = labels.number_of(label, file)
        if is_missing(text) or class_id < 0:
            read.left_out.setdefault(NO_LABEL if class_id < 0 else NO_TEXT, []).append(number)
            continue
        read.texts.append(text)
        t.append(class_id)
        numbers.append(number)
    read.t, read.numbers = np.array(t, dtype=np.int64), np.array(numbers, dtype=np.int64)
    return read


def _leave_out(read, doubled):
    """Leave out the texts of the classes `doubled`, whose names are lists of several others."""
    used = ~np.isin(read.t, [i for i, name in enumerate(read.label_names) if name in doubled])  # (N,)
    read.left_out[SEVERAL] = [*read.left_out.get(SEVERAL, []), *read.numbers[~used].tolist()]
    read.texts = [text for text, use in zip(read.texts, used) if use]
    if read.groups is not None:
        read.groups = [group for group, use in zip(read.groups, used) if use]
    if read.weights is not None:
        read.weights = read.weights[used]
    names = [name for name in read.label_names if name not in doubled]
    ids = np.array([names.index(name) if name in names else -1 for name in read.label_names])
    read.t, read.numbers, read.label_names = ids[read.t[used]], read.numbers[used], names


def _strict(path, read):
    """The DataError for the first row that is left out."""
    number, reason = min((min(lines), reason) for reason, lines in read.left_out.items())
    total = sum(map(len, read.left_out.values()))
    expected = f"expected a row that can be used, got {reason} ({total:,} such rows in all)"
    return DataError(f"{path}, {read.unit} {number}: {expected}")
