"""Which of the first rows of a table hold no texts: a title, a header of one row, or one of several as surveys have."""

import itertools
import re
from collections import Counter

from dataset.reading.column_names import PARTLY, is_header, is_other, is_text_name, key_of, label_rank, text_rank
from dataset.reading.column_profile import LONGEST_LABEL, MOST_LABELS, NUMBER, URL, is_place
from dataset.reading.labels import is_missing
from dataset.reading.records import LINES

_TITLES = 5  # rows among which a header is looked for
_FURTHER = 2  # rows that a header has at most besides its first
_LONGEST_QUESTION = 300  # characters of a name, "How likely are you to recommend us to a friend?"
_COMMENT = re.compile(r"\s*(?:#|%|//)")


def find_header(rows, form, asked):
    """The header among rows of cells (str or None), if there is one.

    asked: names or numbers of columns that a person gave, or None. -> names (list of str) or None, how many rows come
    before the first text, notes.
    """
    notes = []
    filled = [sum(map(bool, row)) for row in rows[:_TITLES]]
    mark = _COMMENT.match(rows[0][0] or "") if rows[0] else None
    is_title = [
        n > max(filled[:i], default=0) or (mark and n == max(filled[:i], default=n)) for i, n in enumerate(filled)
    ]
    above = next((i for i, below in enumerate(is_title) if below and _is_well_known(rows, i)), 0)
    if above:
        others = "1 other row, which is" if above == 1 else f"{above} other rows, which are"
        notes.append(f"the header stands below {others} left out")
    first, further = rows[above], _further(rows[above + 1 :])
    rest = rows[above + 1 + further :]
    keys = [key_of(cell or "") for cell in first]
    named = any(column and not column.isdigit() and key_of(column) in keys for column in asked)
    if not named and not _is_well_known(rows, above):
        found = _names_like(first, rest, form)
        if found is None:
            return None, 0, []
        if found == "suspected":
            shown = ", ".join(f'"{" ".join(cell.split())[:40]}"' for cell in first if cell)
            notes.append(f"the first line is taken for a header: {shown}")
    names = [cell or "" for cell in first]
    if _are_numbered(rest, len(first) + 1) and not is_other(first[0] or ""):
        names = ["", *names]  # R writes no name above the numbers of the rows
    if further:
        notes.append(f"the header has {further} further row{'s' * (further > 1)}, left out")
    return names, above + 1 + further, notes


def _is_well_known(rows, i):
    """Whether row i has well-known names; "spam<TAB>Send a message" is none where "spam" comes again."""
    names = [cell or "" for cell in rows[i]]
    if not is_header(names) or any(map(is_text_name, names)):
        return is_header(names)
    labels = [k for k, name in enumerate(names) if label_rank(name) is not None]
    below = [row for row in rows[i + 1 :] if len(row) == len(names) and row != rows[i]]
    return not any(row[k] == names[k] for row in below for k in labels)


def _names_like(first, rest, form):
    """Whether the first row is a header of other names: "known", "suspected" (to be said), or None."""
    cells = [(cell or "").strip() for cell in first]
    given = [cell for cell in cells if cell]
    others = [row for row in rest if row != first]  # it comes again where files were joined
    if not given or not rest or len(set(given)) < len(given) or len(others) < 0.9 * len(rest):
        return None
    columns = [[(row[i] or "").strip() for row in others if i < len(row)] for i in range(len(cells))]
    columns = [[value for value in column if not is_missing(value)] for column in columns]
    again = any(cell in column for cell, column in zip(cells, columns))
    if again and any(
        len(cell) > 1 and is_text_name(cell) and _are_sentences(column) for cell, column in zip(cells, columns)
    ):
        return "suspected" if max(map(len, given)) <= LONGEST_LABEL else None  # "Comment,Agree", where many agree
    if again or (form == LINES and not is_text_name(cells[0])):
        return None
    if given == list(map(str, range(len(given)))):  # of a table of pandas without names
        return "suspected" if len(given) > 1 and any(map(_are_sentences, columns)) else None
    if any(NUMBER.fullmatch(cell) or URL.match(cell) for cell in given):
        return None
    known = [
        cell for cell in given if len(cell) > 1 and min(_known(text_rank(cell)), _known(label_rank(cell))) < PARTLY
    ]
    short = all(len(cell) <= LONGEST_LABEL and len(cell.split()) <= 4 for cell in given)
    well = len(cells) == 1 or len(known) > 1 or any(is_other(cell) for cell in given if cell not in known)
    if short and known and well:
        return "known"
    above = sum(map(_is_above, cells, columns))
    sure = (
        short or known or above > 1 or any(cell[-1] in "?？" for cell in given)
    )  # else it may be a text and its label
    if above and sure and max(map(len, given)) <= _LONGEST_QUESTION:
        return "suspected"
    if not short:
        return None
    for cell, column in zip(cells, columns):
        if not is_missing(cell) and len(column) >= 2 and (all(map(NUMBER.fullmatch, column)) or _are_few(column)):
            return "suspected"
    return "known" if known else None


def _is_above(cell, column):
    """Whether a cell is no value of the column below it: a word above numbers or dates, a question above labels."""
    if is_missing(cell) or not any(map(str.isalpha, cell)) or len(column) < 4:
        return False
    return all(map(_is_numeric, column)) or (
        cell[-1] in "?？" and _are_few(column) and not any(value[-1] == cell[-1] for value in column)
    )


def _are_few(column):
    """Whether these are a few short values that come again."""
    counts = Counter(column)
    return (
        len(column) >= 4 and len(counts) <= min(MOST_LABELS, len(column) / 2) and max(map(len, counts)) <= LONGEST_LABEL
    )


def _are_sentences(column):
    return sum(len(value.split()) > 2 for value in column) > 0.5 * len(column)


def _further(rest):
    """How many rows belong to the header besides its first, as questions and ids of a survey: they have words, or
    nothing, in the columns that hold numbers or dates everywhere else."""
    body = rest[_FURTHER:]
    width = len(rest[0]) if rest else 0
    columns = [[row[i] for row in body if len(row) == width and not is_missing(row[i] or "")] for i in range(width)]
    numeric = [i for i, column in enumerate(columns) if len(column) >= 4 and all(map(_is_numeric, column))]
    count = 0
    for row in rest[:_FURTHER] if len(numeric) > 1 else []:
        cells = [row[i] for i in numeric if not is_missing(row[i] or "")] if len(row) == width else []
        if any(map(_is_numeric, cells)) or not any(cells):
            break
        count += 1
    return count


def _is_numeric(cell):
    return bool(NUMBER.fullmatch(cell.strip())) or is_place(cell.strip())


def _are_numbered(rows, width):
    """Whether rows are of this width, and begin with their numbers."""
    numbers = [row[0].strip('"') for row in rows if len(row) == width and row[0] and row[-1]]
    if len(numbers) <= 0.5 * len(rows) or not all(number.isdecimal() and len(number) < 10 for number in numbers):
        return False
    return all(int(b) > int(a) for a, b in itertools.pairwise(numbers))


def _known(rank):
    return PARTLY if rank is None else rank
