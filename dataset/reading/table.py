"""The rows of a file with their columns chosen: of those that can be used texts and labels, and why others cannot."""

import itertools
from array import array

import numpy as np

from dataset.errors import DataError
from dataset.reading.column_choice import Chooser
from dataset.reading.labels import LONGEST_MISSING, cell_text, is_missing, joined_text
from dataset.reading.records import open_records

_AROUND = "\ufeff "  # of a header: the mark stands there again where files were joined
_LOOK_AHEAD = 1000  # rows by which the columns are recognized

# Reasons for which a row is left out.
NO_LABEL, NO_TEXT, WIDTH, HEADER = "no label", "no text", "another number of columns", "the header again"


def open_table(path, how, labelled):
    """-> Records of a file, an iterator of (number, cells) over all its rows but a header, Columns. DataError."""
    records = open_records(path, how.encoding)
    head = list(itertools.islice(records.rows, _LOOK_AHEAD))

    def scan(columns):
        rows = itertools.islice(_again(path, how), chooser.skipped, None) if path.is_file() else head
        found = _label_tuples(rows, columns, chooser.width)
        return found - {tuple(chooser.names[i] for i in columns)} if chooser.names else found

    chooser = Chooser(path, [cells for _, cells in head], records.names, how, records.form, scan)
    if not head:
        reasons = f" (left out: {reasons})" if (reasons := reasons_of(records.left_out)) else ""
        raise DataError(f"{path}: expected {'labelled ' * labelled}texts, got none{reasons}")
    columns = chooser.choose(labelled)
    del head[: chooser.skipped]
    rows = itertools.chain(head, records.rows)
    return records, rows, columns


def _again(path, how):
    """The rows of a file once more."""
    return open_records(path, how.encoding).rows


def _label_tuples(rows, columns, width, most=500):
    """The tuples of labels that stand in the columns, of rows of this width: a set of at most `most`."""
    found = set()
    for _, cells in rows:
        if len(cells) == width:
            values = tuple(cell_text(cells[i]) or "" for i in columns)
            if not any(is_missing(value) for value in values):
                found.add(values)
                if len(found) >= most:
                    break
    return found


def collect(path, unit, rows, columns, labels, read, further):
    """Fill texts, t, numbers and left_out of `read`; -> the cells of the columns `further` of each row that is used."""
    texts, t, numbers, kept = read.texts, array("q"), array("q"), []  # 8 bytes a row, where a list of int takes 40
    ids, width, i, k = labels.ids, columns.width, columns.text, columns.label
    left_out = {reason: [] for reason in (NO_LABEL, NO_TEXT, WIDTH, HEADER)}
    header = columns.names and (columns.names[i].strip(_AROUND), columns.names[k].strip(_AROUND))
    for number, cells in rows:
        if len(cells) != width:
            cells = columns.fit(cells)
            if cells is None:
                left_out[WIDTH].append(number)
                continue
        text, label = cells[i], cells[k]
        if type(text) is not str:  # but a value of JSON
            text = joined_text(text) or ""
        if type(label) is not str:
            label = str(label) if type(label) is int else cell_text(label) or ""
        class_id = ids.get(label)
        if class_id is None:
            if header and (text.strip(_AROUND), label.strip(_AROUND)) == header:
                left_out[HEADER].append(number)
                continue
            class_id = labels.number_of(label, f"{path}, {unit} {number}")
        if class_id < 0:
            left_out[NO_LABEL].append(number)
        elif not text or text.isspace() or (len(text) <= LONGEST_MISSING and is_missing(text)):
            left_out[NO_TEXT].append(number)
        else:
            texts.append(text)
            t.append(class_id)
            numbers.append(number)
            if further:
                kept.append([cell_text(cells[column]) or "" for column in further])
    read.t, read.numbers = np.frombuffer(t, np.int64), np.frombuffer(numbers, np.int64)
    read.left_out = {reason: lines for reason, lines in {**read.left_out, **left_out}.items() if lines}
    return kept


def text_rows(rows, columns):
    """(line number, text, cells) of every row."""
    for number, cells in rows:
        if len(cells) != columns.width:
            cells = columns.fit(cells) or cells
        text = cells[columns.text] if columns.text < len(cells) else ""
        text = text if isinstance(text, str) else joined_text(text) or ""
        yield number, "" if is_missing(text) else text, cells


def weights_of(path, unit, numbers, cells):
    """(N,) float64 of the cells of a column of weights. DataError for one that is no finite number, 0 or above."""
    weights = np.empty(len(cells))
    for i, cell in enumerate(cells):
        try:
            weights[i] = float(cell)
        except ValueError:
            weights[i] = np.nan
        if not 0 <= weights[i] < np.inf:
            got = f"got {cell.strip()[:40]!r}"
            raise DataError(f"{path}, {unit} {numbers[i]}: expected a weight, a finite number, 0 or above, {got}")
    return weights


def groups_of(path, unit, numbers, cells):
    groups = [cell.strip() for cell in cells]
    if "" in groups:
        raise DataError(f"{path}, {unit} {numbers[groups.index('')]}: expected a group, got an empty one")
    return groups


def reasons_of(left_out):
    """ "no label 2, no text 1" for reason -> list of line numbers."""
    return ", ".join(f"{reason} {len(lines):,}" for reason, lines in left_out.items() if lines)
