"""Rows of cells out of lines: which character separates the cells, and records whose quoted cells span lines.
A quote that is never closed costs its own line, and not the rest of the file."""

import csv
import itertools
from collections import Counter, deque

from dataset.errors import DataError

NAMES = {"\t": "a tab", ",": "a comma", ";": "a semicolon", "|": "a bar"}
QUOTED = " "  # between cells in quotes, as R's write.table writes them

UNCLOSED = "a quote that is never closed"  # a reason for which a row is left out
_MOST_UNCLOSED = 100  # of a file; more of them are another form of file
_LONGEST_RECORD = 20_000  # lines
_LONGEST_LABEL = 40  # characters
_SEEN = 1000  # lines of which the values of the first and the last column are remembered
_BLOCK = 200  # lines by which it is decided whether the cells of a .tsv are quoted
_TRIES = 50
_BLOCK_OF_RECORDS = 64  # lines that are parsed at once where each of them is a record


def find_delimiter(head, is_csv, is_header):
    """The character that separates the cells of these lines, or None where they have one cell each.

    is_csv: whether the name of the file says so. is_header: whether cells are names of columns, by which a delimiter is
    certain. Else it is the one that gives most lines the same number of cells; of equals the one that gives a column of
    repeated short values, then the one that the name of the file says.
    """
    order = ",;\t|" if is_csv else "\t,;|"
    scores = {}
    head = [line.rstrip("\r\n").replace("\r", " ") + "\n" for line in head]
    for delimiter in order:
        rows = [cells for cells in csv.reader(head, delimiter=delimiter, skipinitialspace=True) if any(cells)]
        if not rows:
            return None
        if len(rows[0]) > 1 and is_header(rows[0]):
            return delimiter
        if delimiter == "\t" and not is_csv:
            split = [line.rstrip("\r\n").split("\t") for line in head if not line.isspace()]
            share = sum(len(cells) > 1 for cells in split) / max(1, len(split))  # further tabs belong to the text
        else:
            width, count = Counter(map(len, rows)).most_common(1)[0]
            share = count / len(rows) if width > 1 else 0.0
            if share < 0.85 and min(map(len, rows)) > 1 and _has_labels(rows, 2):
                share = 0.85  # further ones belong to the text
        labels = _has_labels(rows, 1 if is_csv else 2)
        scores[delimiter] = (share if labels or is_csv or delimiter == "\t" else 0.0, labels)
    if _is_of_r(head):
        return QUOTED
    best = max(order, key=scores.get)
    if scores[best][0] >= (0.5 if best == order[0] else 0.85):
        return best
    return "," if is_csv and any("," in line for line in head) else None


def _is_of_r(head):
    """Whether lines hold several cells with spaces between them, the first one in quotes; above them a header without
    a name for the numbers of the rows."""
    if len(head) < 3 or not all(line.startswith('"') and '" ' in line for line in head if not line.isspace()):
        return False
    try:
        widths = [len(cells) for cells in csv.reader(head[:-1], delimiter=" ", strict=True, escapechar="\\") if cells]
    except csv.Error:
        return False
    return len(set(widths[1:])) == 1 and widths[0] > 1 and widths[1] - widths[0] in (0, 1)


def unwrapped(lines, head, is_header):
    """Lines without the quotes around each whole line of a .csv that was pasted into one column of a spreadsheet, and
    `head`, the first ones, alike; both as they are where they are not so.
    """
    first = next((line for line in head if not line.isspace()), "")
    names = _only_cell(first)
    if not first.startswith('"') or names is None or not is_header(next(csv.reader([names]), [])):
        return lines, head
    bare = [line if (cell := _only_cell(line)) is None else cell + "\n" for line in head]
    return (line if (cell := _only_cell(line)) is None else cell + "\n" for line in lines), bare


def _only_cell(line):
    """The cell of a line that has one, else None."""
    line = line.rstrip("\r\n").replace("\r", " ")
    cells = next(csv.reader([line]), []) if line.startswith('"') else []
    return cells[0] if len(cells) == 1 else None


def _has_labels(rows, least):
    """Whether a column has few, short values, but `least` of them."""
    for column in zip(*rows[1:]):
        values = set(map(str.strip, column))
        short = all(len(value) <= _LONGEST_LABEL and not any(c in value for c in NAMES) for value in values)
        if short and least <= len(values) <= (len(rows) - 1) / 2:
            return True
    return False


def tab_rows(lines, left_out, name, number=1):
    """(line number, cells) of every line of a .tsv that is not blank, the first of them being line `number`.

    Quotes are characters like others, unless the lines make sense only where quoted cells span tabs or lines.
    """
    lines, tries, again = iter(lines), _TRIES, deque()
    while (line := again.popleft() if again else next(lines, None)) is not None:
        # A quoted cell that goes on in the next line begins in one with an odd number of quotes.
        if tries and '"' in line and (line[0] == '"' or '\t"' in line) and (line.count('"') % 2 or tries == _TRIES):
            again.extend(itertools.islice(lines, max(0, _BLOCK - len(again))))
            tries -= 1
            if _is_quoted([line, *again]):
                yield from csv_rows(itertools.chain([line], again, lines), "\t", left_out, name, number)
                return
        if not line.isspace():
            if line[-1] == "\n":
                line = line[:-1]
            yield number, line.removesuffix("\r").split("\t")
        number += 1


def _is_quoted(block):
    """Whether lines have rows of one width where quotes are heeded, and of several where they are not."""
    plain = {line.count("\t") for line in block if not line.isspace()}
    if len(plain) == 1:
        return False
    try:
        rows = list(csv.reader(block, delimiter="\t", strict=True))
    except csv.Error as error:
        if "unexpected end" not in str(error):
            return False
        rows = list(csv.reader(block, delimiter="\t"))[:-1]  # the block ends within a cell
    widths = {len(cells) for cells in rows if cells}
    return len(widths) == 1 and max(widths) > 1


def csv_rows(lines, delimiter, left_out, name, number=1):
    """(number of its first line, cells) of every record that is not blank, the first line being line `number`.

    left_out: dict of reason -> list of line numbers, to which lines with a quote that is never closed are added.
    DataError where there are too many of these.
    """
    source = iter(lines)
    records = _CsvRecords(source, delimiter)
    first, last = {}, {}  # values of the outer columns
    width = None
    while True:
        if not records.again:
            block = list(itertools.islice(source, _BLOCK_OF_RECORDS))
            if not block:
                return
            if found := records.one_a_line(block):
                if number < _SEEN:
                    for cells in filter(any, found):
                        width = width or len(cells)
                        first[cells[0].strip()] = last[cells[-1].strip()] = True
                for line, cells in enumerate(found, number):
                    if cells and (cells[0] or any(cells)):
                        yield line, cells
                number += len(block)
                continue
            records.again.extend(block)
        try:
            cells = next(records.reader)
        except StopIteration:
            return
        except csv.Error:
            cells = records.recover()
        if cells is not None and len(records.lines) > 1 and _swallows(records.lines, delimiter, width, first, last):
            cells = records.without_quote()
        if cells is None:
            if records.lines:
                left_out.setdefault(UNCLOSED, []).append(number)
                if len(left_out[UNCLOSED]) > _MOST_UNCLOSED:
                    expected = "expected quotes in pairs, those opened in more than 100 lines are never closed"
                    way_out = "a cell with a quote is written in quotes, its own doubled"
                    raise DataError(f"{name}, line {number}: {expected}; {way_out}")
        elif any(cells):
            width = width or len(cells)
            if number < _SEEN:
                first[cells[0].strip()] = last[cells[-1].strip()] = True
            yield number, cells
        number += len(records.lines)
        records.lines.clear()


def _swallows(lines, delimiter, width, first, last):
    """Whether all the lines of a record look like rows of their own, by the values that stand in the first or the last
    column elsewhere: its quote is never closed.
    """
    rows = [line.rstrip("\r\n").split(delimiter) for line in lines]
    if any(len(cells) != width for cells in rows):
        return False
    begins, ends = (cells[0].strip(' "') for cells in rows[1:]), (cells[-1].strip(' "') for cells in rows[:-1])
    return all(value and value in first for value in begins) or all(value and value in last for value in ends)


class _CsvRecords:
    """A strict csv.reader over lines; `lines` are those of the record that it read last."""

    def __init__(self, source, delimiter):
        self.source, self.delimiter, self.lines, self.again = source, delimiter, [], deque()
        self.escapes = None  # the character before a quote in a text: None, or a backslash
        self.restart()

    def restart(self):
        self.reader = csv.reader(self.feed(), strict=True, **self.form())

    def form(self):
        return {"delimiter": self.delimiter, "skipinitialspace": True, "escapechar": self.escapes}

    def one_a_line(self, block):
        """The cells of each of these lines, or () where one of them is no whole record."""
        try:
            rows = list(csv.reader(block, strict=True, **self.form()))
        except csv.Error:
            return ()
        return rows if len(rows) == len(block) else ()

    def feed(self):
        while True:
            line = self.again.popleft() if self.again else next(self.source, None)
            if line is None:
                return
            self.lines.append(line)
            if len(self.lines) > _LONGEST_RECORD:
                raise csv.Error("a long record")
            yield line

    def recover(self):
        """The cells of the record that the reader refused, or None where they cannot be told."""
        if self.escapes is None and any('\\"' in line for line in self.lines):
            self.escapes = "\\"
            self.again.extendleft(reversed(self.lines))
            self.lines.clear()
            self.restart()
            return None
        if len(self.lines) > 1:
            return self.without_quote()
        self.restart()
        line = self.lines[0].rstrip("\r\n").replace("\r", " ")
        quotes = [cell for cell in line.split(self.delimiter) if cell.lstrip().startswith('"')]
        if line.count('"') == 1 and quotes:
            return None  # in the last line
        return next(csv.reader([line], **self.form()), None)

    def without_quote(self):
        """None; the lines after the first are read once more, as records of their own."""
        self.again.extendleft(reversed(self.lines[1:]))
        del self.lines[1:]
        self.restart()
