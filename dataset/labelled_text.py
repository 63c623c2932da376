"""Labelled texts of the user: a .tsv file, a .csv file, or a folder with one sub-folder per class.
All three are read as one stream of (where, label, text), so that they share their checks.
A defect is a DataError that names the place."""

import itertools
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


def load_data(path, num_classes=2, label_names=None):
    """Texts and their class ids from a file or a folder, in its order.

    - `.tsv` and any other ending: one `label<TAB>text` a line; lines end at "\\n" only, texts may have tabs.
    - `.csv`: comma-separated, quoted where necessary.
    - a folder: one text per file `class/anything.txt`, in alphabetical order; hidden files are ignored.

    In a file, a first line of well-known column names ("label", "sentiment", "text", "review" ...) is a header, and
    there may be further columns. Without a header the label is the first column, unless the last one has fewer
    distinct values than the first, all of them short (judged by the first 1,000 lines). If the label is the last
    column, a line of a .tsv is split at its last tab.

    num_classes: the number of classes that is required, or None for any number from 2 on. label_names: the classes in
    id order if they are known already, as for a test file; then num_classes is ignored.

    -> texts (list of N str), t (N,) int64 class ids, label_names (list of str in id order: alphabetical, or numerical
    if all are integers). DataError: input that is missing, unreadable, empty, no UTF-8 or malformed; a label that is
    empty or unknown; another number of classes.
    """
    path = Path(path)
    ids = {name: class_id for class_id, name in enumerate(label_names or [])}
    texts, class_ids = [], []
    with reading(path), unlimited_csv_fields():
        for where, label, text in _examples(path):
            if label not in ids:
                if label_names is not None:
                    expected = f"expected one of {_listed(label_names)}"
                    raise DataError(f"{where}: unknown label {label[:_LONGEST_LABEL]!r}, {expected}")
                ids[label] = len(ids)
            texts.append(text)
            class_ids.append(ids[label])
    if not texts:
        raise DataError(f"{path}: expected labelled texts, got none")
    t = np.array(class_ids, dtype=np.int64)
    if label_names is not None:
        return texts, t, list(label_names)
    names = _sorted_names(ids)
    if len(names) < 2 if num_classes is None else len(names) != num_classes:
        needed = "at least 2 are needed" if num_classes is None else f"{num_classes} were asked for"
        raise DataError(f"{path}: {len(names)} class{'es' * (len(names) != 1)} ({_listed(names)}) found where {needed}")
    rank = {name: class_id for class_id, name in enumerate(names)}
    return texts, np.array([rank[name] for name in ids], dtype=np.int64)[t], names


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
