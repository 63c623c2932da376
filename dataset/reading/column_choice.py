"""Which column of a table holds the texts and which one the labels: by their names, else by what stands in them.
Where that is open it is a DataError that lists the columns; nothing is guessed in silence."""

import itertools
from collections import Counter

from dataset.errors import DataError
from dataset.reading.column_names import PARTLY, is_header, is_other, is_text_name, key_of, label_rank, text_rank
from dataset.reading.column_profile import LONGEST_LABEL, MOST_LABELS, NUMBER, URL, Profile
from dataset.reading.columns import Columns
from dataset.reading.labels import is_missing, joined_text
from dataset.reading.records import LINES

_JOINS = {"a comma": ", ", "a semicolon": "; ", "a bar": " | "}
_TITLES = 5  # rows among which a header is looked for


class Chooser:
    """Chooses the Columns of a table. rows: cells of the first rows, str or values of JSON. names: of the columns where
    the form of the file says them. scan: function of positions -> set of the tuples that stand there in all rows.
    """

    def __init__(self, path, rows, names, how, form, scan):
        self.path, self.how, self.form, self.scan, self.notes = path, how, form, scan, []
        self.rows = [[cell if isinstance(cell, str) else joined_text(cell) for cell in row] for row in rows]
        self.names, self.skipped = names, 0  # rows before the first text
        self.width, self.joins = self.width_of(self.rows), ""
        if names is None and self.rows:
            self.find_header()
        if self.names is not None and not self.joins:
            self.width = len(self.names)
        body = [row for row in self.rows if len(row) == self.width]
        self.profiles = [Profile([row[i] for row in body]) for i in range(self.width)]
        self.body = body

    def width_of(self, rows):
        widths = Counter(map(len, rows))
        return max(widths, key=widths.get) if widths else 0

    def find_header(self):
        """Set `names` where the first row is a header, and `joins` where further separators belong to the text."""
        filled = [sum(map(bool, row)) for row in self.rows[:_TITLES]]
        above = next((i for i, n in enumerate(filled) if n > max(filled[:i], default=0) and self.is_header(i)), 0)
        if above:
            rows = "1 other row, which is" if above == 1 else f"{above} other rows, which are"
            self.notes.append(f"the header stands below {rows} left out")
        first, rest = self.rows[above], self.rows[above + 1 :]
        asked = (self.how.text_column, self.how.label_column, self.how.weight_column, self.how.group_column)
        keys = [key_of(cell or "") for cell in first]
        named = any(column and not column.isdigit() and key_of(column) in keys for column in asked)
        if named or self.is_header(above) or self.looks_like_names(first, rest):
            self.names, self.skipped, self.rows = [cell or "" for cell in first], above + 1, rest
        wide = sum(len(row) > 2 for row in self.rows)
        if self.names is not None and _are_numbered(rest, len(first) + 1) and not is_other(first[0] or ""):
            self.names = ["", *self.names]  # R writes no name above the numbers of the rows
        if self.form == "a tab":
            mixed = sum(len(row) == self.width for row in self.rows) < 0.9 * len(self.rows)
            self.joins = "\t" if (mixed or self.width <= 2) and len(self.names or [1, 2]) == 2 else ""
        elif self.form in _JOINS and wide > (0.3 if self.names is None else 0.5) * len(self.rows) and self.is_open():
            self.joins = _JOINS[self.form]
            self.notes.append(f"further {self.form.removeprefix('a ')}s belong to the text")
        if self.joins:
            self.width = 2
            self.rows = [[row[0], row[-1]] if len(row) > 2 else row for row in self.rows]  # only to be looked at

    def is_header(self, i):
        """Whether row i has well-known names; "spam<TAB>Send a message" is none where "spam" comes again."""
        names = [cell or "" for cell in self.rows[i]]
        if not is_header(names) or any(map(is_text_name, names)):
            return is_header(names)
        labels = [k for k, name in enumerate(names) if label_rank(name) is not None]
        below = [row for row in self.rows[i + 1 :] if len(row) == len(names) and row != self.rows[i]]
        return not any(row[k] == names[k] for row in below for k in labels)

    def is_open(self):
        """Whether rows of several widths are a label and a text in which the separator stands, too."""
        if self.names is not None:
            return len(self.names) == 2 and sum(not row[-1] for row in self.rows) < 0.5 * len(self.rows)
        if len(self.rows) < 4 or min(map(len, self.rows)) != 2:
            return False
        return any(Profile([row[i] for row in self.rows]).is_label() for i in (0, -1))

    def looks_like_names(self, first, rest):
        """Whether the first row is a header of other names, which is said."""
        cells = [(cell or "").strip() for cell in first]
        given = [cell for cell in cells if cell]
        if not given or not rest or len(set(given)) < len(given):
            return False
        if any(len(cell) > 40 or len(cell.split()) > 4 or NUMBER.fullmatch(cell) or URL.match(cell) for cell in given):
            return False
        others = [row for row in rest if row != first]  # it comes again where files were joined
        if len(others) < 0.9 * len(rest) or (self.form == LINES and not is_text_name(cells[0])):
            return False
        rest = others
        columns = [[(row[i] or "").strip() for row in rest if i < len(row)] for i in range(len(cells))]
        if any(cell and cell in column for cell, column in zip(cells, columns)):
            return False
        known = [
            cell for cell in given if len(cell) > 1 and min(_known(text_rank(cell)), _known(label_rank(cell))) < PARTLY
        ]
        if known and (len(cells) == 1 or len(known) > 1 or any(is_other(cell) for cell in given if cell not in known)):
            return True
        for cell, column in zip(cells, columns):
            present = [value for value in column if not is_missing(value)]
            if not cell or not present:
                continue
            if len(present) >= 2 and all(NUMBER.fullmatch(value) for value in present):
                return self.suspect(cells)
            counts = Counter(present)
            few = len(present) >= 4 and len(counts) <= min(MOST_LABELS, len(present) / 2)
            if few and max(map(len, counts)) <= LONGEST_LABEL:
                return self.suspect(cells)
        return bool(known)

    def suspect(self, cells):
        shown = ", ".join(f'"{" ".join(cell.split())[:40]}"' for cell in cells if cell)
        self.notes.append(f"the first line is taken for a header: {shown}")
        return True

    # ---- the choice

    def choose(self, labelled=True):
        """-> Columns. DataError where it is open."""
        how = self.how
        given = {
            name: self.position(column, f"--{name}-column")
            for name, column in (
                ("text", how.text_column),
                ("label", how.label_column),
                ("weight", how.weight_column),
                ("group", how.group_column),
            )
        }
        text, label = given["text"], given["label"]
        taken = {given["weight"], given["group"]} - {None}
        if labelled and self.width < 2:
            got = "one column" if self.width else "none"
            raise DataError(f"{self.path}: expected a column of texts and one of labels, got {got}{self.shown()}")
        if text is None and label is None and labelled and self.names is None and self.width == 2 and not taken:
            text, label = self.of_two()
        if text is None:
            text = self.find_text({label})
        if label is None and labelled:
            label = self.find_label(text, {text, *(taken - {text})})
        if labelled and taken & {text, label}:
            got = self.called(min(taken & {text, label}))
            raise DataError(f"{self.path}: expected weights and groups in further columns, got {got}")
        if text == label and labelled:
            raise DataError(f"{self.path}: expected texts and labels in two columns, got {self.called(text)} for both")
        return Columns(text, label, self.width, self.names, given["weight"], given["group"], self.joins, (*self.notes,))

    def called(self, i):
        return Columns(0, 0, self.width, self.names).called(i)

    def position(self, column, option):
        """The position of a column that a person named, or None. DataError where there is none."""
        if column is None:
            return None
        names = self.names or []
        column = str(column).strip()
        for same in (str.strip, key_of):
            found = [i for i, name in enumerate(names) if same(name) == same(column) and same(column)]
            if found:
                return found[0]
        if column.isdecimal() and len(column) < 10 and 1 <= int(column) <= self.width:
            return int(column) - 1
        got = f"the columns {', '.join(self.called(i) for i in range(self.width))[:400]}" if self.width else "none"
        got = f"{got} and no header" if self.width and self.names is None else got
        raise DataError(
            f"{self.path}: {option}: expected the name or number of a column, got {column[:40]!r}; there are {got}"
        )

    def of_two(self):
        """(text, label) of two columns without names: the label stands first, unless the last column has fewer values,
        all of them short.
        """
        first, last = self.profiles
        is_last = last.distinct < first.distinct and last.longest <= LONGEST_LABEL and last.n == last.total
        is_last = is_last and (last.distinct > 1 or 2 * first.distinct > first.n)  # not one text
        text, label = (0, 1) if is_last else (1, 0)
        one, other = self.profiles[text], self.profiles[label]
        if one.n >= 5 and not one.may_be_text():
            raise self.open_choice("texts", "--text-column")
        if other.n >= 20 and not other.may_be_label():
            raise self.open_choice("labels", "--label-column")
        return text, label

    def find_text(self, taken):
        free = [i for i in range(self.width) if i not in taken]
        if self.names is not None:
            ranks = {i: text_rank(self.names[i]) for i in free}
            named = [i for i in free if ranks[i] is not None and (self.profiles[i].may_be_text() or not self.body)]
            named = named or [i for i in free if ranks[i] is not None and not self.profiles[i].n]
            if named:
                best = min(named, key=lambda i: (ranks[i], -self.profiles[i].mean))
                return best if ranks[best] < PARTLY else self.longest_text(named, free)
            free = [i for i in free if not is_other(self.names[i]) and label_rank(self.names[i]) is None] or free
        if self.width == 1 and free:
            return 0
        texts = sorted((i for i in free if self.profiles[i].is_text()), key=lambda i: -self.profiles[i].mean)
        if not texts and len(free) <= 2:
            texts = [i for i in free if self.profiles[i].may_be_text() and not self.profiles[i].is_label()]
        if not texts or (len(texts) > 1 and self.profiles[texts[1]].mean > 0.5 * self.profiles[texts[0]].mean):
            raise self.open_choice("texts", "--text-column", texts if len(texts) > 1 else None)
        return texts[0]

    def longest_text(self, named, free):
        """The column of the longest texts, where no name but one such as "title" says which it is."""
        best = max(named, key=lambda i: self.profiles[i].mean)
        others = [i for i in free if not is_other(self.names[i]) and label_rank(self.names[i]) is None]
        longer = [i for i in {*named, *others} if self.profiles[i].mean > self.profiles[best].mean]
        texts = sorted((i for i in longer if self.profiles[i].is_text()), key=lambda i: -self.profiles[i].mean)
        if texts and self.profiles[best].mean < 0.67 * self.profiles[texts[0]].mean:
            return texts[0]
        if any(i not in named for i in texts):
            raise self.open_choice("texts", "--text-column", [best, *texts])
        return best

    def find_label(self, text, taken):
        free = [i for i in range(self.width) if i not in taken]
        if self.names is not None:
            ranks = {i: label_rank(self.names[i]) for i in free}
            named = [i for i in free if ranks[i] is not None and (self.profiles[i].may_be_label() or not self.body)]
            named = named or [i for i in free if ranks[i] is not None and not self.profiles[i].n]
            whole = [i for i in named if ranks[i] < PARTLY]
            named = sorted(whole or named, key=lambda i: ranks[i])
            if named:
                return self.only_one(named)
            free = [i for i in free if not is_other(self.names[i]) and self.profiles[i].n]
        labels = [i for i in free if self.profiles[i].is_label() and self.profiles[i].n > 0.5 * len(self.body)]
        if len(labels) > 1 or (labels and self.profiles[labels[0]].distinct < 2 and self.width > 2):
            values = self.scan(labels)
            varied = [i for k, i in enumerate(labels) if len({row[k] for row in values}) > 1]
            labels = varied or labels
        if not labels and len(free) == 1 and self.profiles[free[0]].may_be_label():
            labels = free
        if not labels:
            raise self.open_choice("labels", "--label-column")
        return self.only_one(labels)

    def only_one(self, columns):
        """The first of the columns, if the others only name the same classes in other words."""
        if len(columns) > 1:
            values = self.scan(columns)
            varied = [k for k in range(len(columns)) if len({row[k] for row in values}) > 1]
            if 0 < len(varied) < len(columns):  # a column of one value has no classes
                columns, values = [columns[k] for k in varied], {tuple(row[k] for k in varied) for row in values}
            for k in range(1, len(columns)):
                pairs = {(row[0], row[k]) for row in values}
                if not len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs):
                    raise self.open_choice("labels", "--label-column", columns)
            others = ", ".join(self.called(i) for i in columns[1:])
            self.notes.append(f"{others} has the same classes as {self.called(columns[0])}")
        return columns[0]

    def open_choice(self, what, option, candidates=None):
        """The DataError for a column that is not certain."""
        several = candidates is not None and len(candidates) > 1
        got = f"{len(candidates)} that may be" if several else "none that is certain"
        shown = self.shown(candidates if several else range(self.width))
        return DataError(f"{self.path}: expected one column of {what}, got {got}{shown}; say {option} NAME or number")

    def shown(self, columns=None):
        """The columns with their first values, in brackets."""
        columns = list(range(self.width) if columns is None else columns)[:12]
        parts = []
        for i in columns:
            values = ", ".join(" ".join(value.split())[:20] for value in list(self.profiles[i].values)[:3])
            parts.append(f"{self.called(i)}: {values or 'empty'}")
        return f" ({'; '.join(parts)})" if parts else ""


def _are_numbered(rows, width):
    """Whether rows are of this width, and begin with their numbers."""
    numbers = [row[0].strip('"') for row in rows if len(row) == width and row[0] and row[-1]]
    if len(numbers) <= 0.5 * len(rows) or not all(number.isdecimal() and len(number) < 10 for number in numbers):
        return False
    return all(int(b) > int(a) for a, b in itertools.pairwise(numbers))


def _known(rank):
    return PARTLY if rank is None else rank
