"""Questions and answers of equal length, character by character: additions and dates, for the book's chapters 7 and 8.
A file has one pair a line, padded with spaces: "16+75  _91  "; the answer begins with the underscore."""

from pathlib import Path

import numpy as np

from dataset.errors import DataError, reading
from dataset.lines import read_lines
from dataset.store import beside

NUM_LINES = 50_000  # of what is generated
START = "_"

_SEED = 1984  # of what is generated; the seed of `load_data` shuffles
_FIRST_DAY, _LAST_DAY = "1970-01-01", "2029-12-31"  # of two digits, so that a year has one meaning
_MONTHS = ["January", "February", "March", "April", "May", "June"]
_MONTHS += ["July", "August", "September", "October", "November", "December"]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_DATE_FORMS = (
    "{month} {day}, {year}",
    "{month:.3} {day}, {year}",
    "{weekday}, {month} {day}, {year}",
    "{day} {month} {year}",
    "{number}/{day}/{short}",
)
_CASES = (str, str.lower, str.upper)

_char_to_id = {}  # of the file that was loaded last


def load_data(file_name="addition.txt", seed=1984):
    """Pairs of questions and answers as character ids, shuffled: nine tenths to train, one tenth to test.

    A file of this name that lies beside this module is used as it is; else a file of that path. "addition.txt" and
    "date.txt" that are not there are generated: 50,000 lines of the same form, always the same ones.

    seed: int, of a generator of its own; None: NumPy's global state. -> (x_train, t_train), (x_test, t_test): x (N, Q)
    int64, t (N, A) int64, ids in order of first occurrence, see `get_vocab`. DataError in one line: no such file,
    unreadable, no lines, a line without "_" or with columns of other widths. Book, chapter 7.
    """
    path = beside.find(file_name) or Path(file_name)
    if path.is_file() or file_name not in _GENERATORS:
        lines, width = _read(path)
    else:
        lines = _GENERATORS[file_name](np.random.default_rng(_SEED))
        width = lines[0].index(START)
    ids = _encode(lines)  # (N, Q + A)
    shuffle = np.random.shuffle if seed is None else np.random.RandomState(seed).shuffle
    indices = np.arange(len(ids))
    shuffle(indices)
    x, t = ids[indices, :width], ids[indices, width:]  # (N, Q), (N, A)
    split_at = len(x) - len(x) // 10
    return (x[:split_at], t[:split_at]), (x[split_at:], t[split_at:])


def get_vocab():
    """The characters of the file that was loaded last -> char_to_id (dict of str to int), id_to_char (dict of int to
    str); both empty before `load_data`.
    """
    return dict(_char_to_id), {i: char for char, i in _char_to_id.items()}


def _read(path):
    """-> the lines of a file, all of one length, and the width of their questions. Blank lines are skipped."""
    lines, first = [], None
    with reading(path):
        for number, line in enumerate(read_lines(path), start=1):
            line = line.removesuffix("\n").removesuffix("\r")
            if not line.strip():
                continue
            width = line.find(START)
            if width < 1:
                raise DataError(
                    f"{path}, line {number}: expected a question, then {START} and its answer, got {line!r:.60}"
                )
            widths = width, len(line) - width
            first = first or (number, widths)
            if widths != first[1]:
                expected = f"{first[1][0]} and {first[1][1]} characters as in line {first[0]} (padded with spaces)"
                raise DataError(
                    f"{path}, line {number}: expected columns of {expected}, got {widths[0]} and {widths[1]}"
                )
            lines.append(line)
    if not lines:
        raise DataError(f"{path}: expected lines of a question, {START} and its answer, got none")
    return lines, first[1][0]


def _encode(lines):
    """N lines of one length -> (N, length) int64, ids in order of first occurrence, which become the vocabulary."""
    codes = np.frombuffer("".join(lines).encode("utf-32-le"), dtype="<u4")
    kinds, first, which = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    ids = np.empty(len(kinds), dtype=np.int64)
    ids[order] = np.arange(len(kinds))
    _char_to_id.clear()
    _char_to_id.update((chr(code), i) for i, code in enumerate(kinds[order]))
    return ids[which].reshape(len(lines), -1)


def _additions(rng):
    """Lines such as "52+607 _659 ": numbers of one to three digits, each length equally likely, no pair twice."""
    bounds = np.array([0, 10, 100, 1000])
    length = rng.integers(3, size=(5 * NUM_LINES, 2))
    numbers = rng.integers(bounds[length], bounds[length + 1])
    pairs = numbers.min(1) * 1000 + numbers.max(1)  # 3 + 5 and 5 + 3 are one
    chosen = numbers[np.sort(np.unique(pairs, return_index=True)[1])[:NUM_LINES]]
    return [f"{f'{a}+{b}':7}{START}{a + b:<4}" for a, b in chosen.tolist()]


def _dates(rng):
    """Lines such as "SEP 27, 1994                 _1994-09-27": five forms, three of letters."""
    days = np.arange(_FIRST_DAY, _LAST_DAY, dtype="datetime64[D]")
    chosen = days[rng.integers(len(days), size=NUM_LINES)].tolist()
    forms = rng.integers(len(_DATE_FORMS), size=NUM_LINES).tolist()
    cases = rng.integers(len(_CASES), size=NUM_LINES).tolist()
    lines = []
    for date, form, case in zip(chosen, forms, cases, strict=True):
        names = {"month": _MONTHS[date.month - 1], "weekday": _WEEKDAYS[date.weekday()], "number": date.month}
        names |= {"day": date.day, "year": date.year, "short": f"{date.year % 100:02}"}
        lines.append(f"{_CASES[case](_DATE_FORMS[form].format(**names)):29}{START}{date.isoformat()}")
    return lines


_GENERATORS = {"addition.txt": _additions, "date.txt": _dates}
