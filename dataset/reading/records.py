"""Rows of cells out of any file of text. Its form is judged by its content, and by its name where that is open."""

import io
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field

from dataset.errors import DataError
from dataset.lines import text_lines
from dataset.reading import json_rows
from dataset.reading.column_names import is_header
from dataset.reading.delimited import NAMES, csv_rows, find_delimiter, tab_rows, unwrapped
from dataset.stopwords import STOPWORDS

_LOOK_AHEAD = 200  # lines by which the form is judged
_SEPARATOR_LINE = re.compile(r"""\"?sep=(\t|[^\w\s"'])"?\s*""", re.IGNORECASE)  # of Excel
_FASTTEXT = re.compile(r"(?:^|(?<=[\s,]))__label__([^\s,]+)")
_FIRST_WORD = re.compile(r"(\S+)[ \t]+(?=\S)")
_RULE = re.compile(r"\s*(?::?-+:?\s*)?")
_MARKS = (":::", "@")  # between the cells of some public data sets
_FEATURES = re.compile(r"\S+(?:\s+\d+:[\d.e+-]+)+\s*")
SEVERAL = "several labels, where one is wanted"  # a reason for which a row is left out
FASTTEXT, SPACE, LINES, JSON = "__label__", "a space", "lines", "JSON"


@dataclass
class Records:
    """The rows of a file. rows: iterator of (number, cells); a cell is a str, or any value of JSON.

    form: the name of the delimiter, or FASTTEXT, SPACE (label, a space, text), LINES (one cell each) or JSON. names: of
    the columns, where the form itself says them. unit: what the numbers count. left_out: reason -> numbers of rows that
    are not among `rows`; it is filled while these are read. notes: lines to be said.
    """

    rows: object
    form: str
    names: list | None = None
    unit: str = "line"
    left_out: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


def open_records(path, encoding=None):
    """-> Records of a file. DataError, also while its rows are read."""
    lines = text_lines(path, encoding)
    head = list(itertools.islice(lines, _LOOK_AHEAD))
    lines = itertools.chain(head, lines)
    ending = _ending(path)
    left_out = {}
    first = next((line for line in head if not line.isspace()), "").lstrip()
    if first[:1] in ("{", "[") and (kind := json_rows.is_json(head, ending, path)):
        if kind == "lines":
            names, rows = json_rows.line_rows(head, lines, left_out)
            return Records(rows, JSON, names, "line", left_out)
        text = "".join(lines)
        try:
            names, rows, notes = json_rows.document_rows(text, path)
            return Records(rows, JSON, names, "record", notes=notes)
        except DataError:
            if ending in json_rows.ENDINGS:
                raise
        lines = io.StringIO(text, newline="\n")
    elif ending in json_rows.ENDINGS and first:
        raise DataError(f"{path}, line 1: expected JSON, got {first.strip()[:40]!r}")
    number = 1
    marked = _SEPARATOR_LINE.fullmatch(head[0]) if head else None
    if marked:
        next(lines)
        head, number = head[1:], 2
    if "__label__" in first and _is_fasttext(head):
        return Records(_fasttext_rows(lines, left_out, path), FASTTEXT, ["label", "text"], "line", left_out)
    lines, head = unwrapped(lines, head, is_header)
    delimiter = marked[1] if marked else find_delimiter(head, ending == ".csv", is_header)
    if delimiter == "\t":
        return Records(tab_rows(lines, left_out, path, number), NAMES["\t"], left_out=left_out)
    if delimiter is not None:
        name = NAMES.get(delimiter, repr(delimiter))
        rows = csv_rows(lines, delimiter, left_out, path, number)
        return Records(_without_rules(rows) if delimiter == "|" else rows, name, left_out=left_out)
    if separator := next((mark for mark in _MARKS if _is_between(mark, head)), None):
        return Records(_split_rows(lines, separator), separator)
    if _starts_with_labels(head):
        return Records(_space_rows(lines), SPACE)
    if ending == ".csv":
        return Records(csv_rows(lines, ",", left_out, path, number), NAMES[","], left_out=left_out)
    return Records(_whole_lines(lines), LINES)


def _ending(path):
    """ ".csv" of "reviews.CSV" and of "reviews.csv.gz"."""
    endings = [suffix.lower() for suffix in path.suffixes]
    while len(endings) > 1 and endings[-1] in (".gz", ".bz2", ".xz"):
        endings.pop()
    return endings[-1] if endings else ""


def _without_rules(rows):
    """The rows but those of "---" or ":--:" under the header, as in Markdown."""
    return ((number, cells) for number, cells in rows if not all(map(_RULE.fullmatch, cells)))


def _whole_lines(lines):
    """(number, [line]) of every line, blank ones too: answers to them stand in the same lines."""
    for number, line in enumerate(lines, start=1):
        yield number, [line.rstrip("\r\n")]


def _is_fasttext(head):
    lines = [line for line in head if not line.isspace()]
    return sum("__label__" in line for line in lines) >= 0.8 * len(lines) > 0


def _fasttext_rows(lines, left_out, path):
    """(number, [label or None, text]) of lines such as "__label__good It was fun."; the label may stand last."""
    several, total = [], 0
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        labels = _FASTTEXT.findall(line)
        total += 1
        if len(set(labels)) > 1:
            several.append(number)
            left_out.setdefault(SEVERAL, []).append(number)
            if len(several) >= 5 and len(several) > total / 2:
                got = f"got {len(labels)} ({', '.join(labels[:5])}) and {len(several)} such lines so far"
                raise DataError(f"{path}, line {number}: expected one __label__ a line, {got}")
            continue
        text = _FASTTEXT.sub("", line).strip()
        yield number, [labels[0] if labels else None, text.lstrip(", ").rstrip()]


def _is_between(mark, head):
    """Whether every line has a mark between its cells: as often in each, or once before one of a few labels."""
    lines = [line for line in head if not line.isspace()]
    counts = {line.count(mark) for line in lines}
    if not lines or 0 in counts:
        return False
    labels = Counter(line.rpartition(mark)[2].strip() for line in lines)
    few = len(lines) >= 4 and 1 < len(labels) <= len(lines) / 2 and max(map(len, labels)) <= 40
    return few or (mark == ":::" and len(counts) == 1)


def _split_rows(lines, mark):
    for number, line in enumerate(lines, start=1):
        if not line.isspace():
            cells = line.split(mark) if mark == ":::" else line.rsplit(mark, 1)
            yield number, [cell.strip() for cell in cells]


def _starts_with_labels(head):
    """Whether the first word of every line is a label: numbers, or a few words that come again and again."""
    found = [_FIRST_WORD.match(line) for line in head if not line.isspace() and not _FEATURES.fullmatch(line)]
    if len(found) < 2 or not all(found):
        return False
    counts = Counter(match[1] for match in found)
    if len(counts) < 2 or any(word.lower() in STOPWORDS for word in counts):
        return False
    if all(re.fullmatch(r"[+-]?\d{1,2}(?:\.0)?", word) for word in counts):
        return len(counts) <= 20
    if all(re.fullmatch(r"[A-Z]+:\w+", word) for word in counts):  # "DESC:manner"
        return len(counts) <= 50
    return len(counts) <= 10 and min(counts.values()) > 1 and len(found) >= 5 * len(counts)


def _space_rows(lines):
    for number, line in enumerate(lines, start=1):
        if not line.isspace():
            yield number, [*line.strip().split(None, 1), ""][:2]
