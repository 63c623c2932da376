"""The one form of what commands print: aligned tables, Markdown tables, rows of CSV."""

import csv
import io
import re

from ch_sentiment.console import printable

FORMULA = tuple("=+-@＝＋－＠")  # a cell that begins so is computed by a spreadsheet
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)  # unless it is one


def table(head, rows):
    """Aligned lines as one str: the first column on the left, the others on the right.

    head: list of str, or () for none. rows: lists of as many str.
    """
    lines = [head, *rows] if head else rows
    return "\n".join("  ".join(cells).rstrip() for cells in _aligned(lines))


def markdown_table(head, rows):
    """The same as Markdown, which is aligned too, so that it can be read as it stands."""
    head, *rows = _aligned([head, *rows])
    rule = ["-" * len(cell) if i == 0 else "-" * (len(cell) - 1) + ":" for i, cell in enumerate(head)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _aligned(rows):
    """The `printable` cells of each row, padded to the width of their column."""
    rows = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows]


def csv_row(cells):
    """A line of a CSV file without its end, in which no cell is a formula or has control characters."""
    texts = [printable(str(cell)) for cell in cells]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(
        f"'{text}" if text.lstrip(" \u200c\u200d").startswith(FORMULA) and not NUMBER.fullmatch(text) else text
        for text in texts
    )
    return line.getvalue()
