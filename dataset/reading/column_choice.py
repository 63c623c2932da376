"""Which column of a table holds the texts and which one the labels: by their names, else by what stands in them.
Where that is open it is a DataError that lists the columns; nothing is guessed in silence."""

from collections import Counter

from dataset.errors import DataError
from dataset.reading.column_names import PARTLY, is_other, key_of, label_rank, text_rank
from dataset.reading.column_profile import LONGEST_LABEL, Profile
from dataset.reading.columns import Columns
from dataset.reading.header_rows import find_header
from dataset.reading.labels import joined_text
from dataset.reading.records import LINES

_JOINS = {"a comma": ", ", "a semicolon": "; ", "a bar": " | "}


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
        """Set `names` where a row is a header, and `joins` where further separators belong to the text."""
        asked = (self.how.text_column, self.how.label_column, self.how.weight_column, self.how.group_column)
        self.names, self.skipped, self.notes = find_header(self.rows, self.form, asked)
        self.rows = self.rows[self.skipped :]
        wide = sum(len(row) > 2 for row in self.rows)
        if self.form == "a tab":
            mixed = sum(len(row) == self.width for row in self.rows) < 0.9 * len(self.rows)
            self.joins = "\t" if (mixed or self.width <= 2) and len(self.names or [1, 2]) == 2 else ""
        elif self.form in _JOINS and wide and self.is_open(wide > (0.5 if self.names else 0.3) * len(self.rows)):
            self.join()
        if self.joins:
            self.width = 2
            self.rows = [[row[0], row[-1]] if len(row) > 2 else row for row in self.rows]  # only to be looked at

    def is_open(self, many):
        """Whether rows of several widths are a label and a text in which the separator stands, too.

        many: whether the wide ones are so many that they are no slips; a few are none, either, where they have labels.
        """
        if len(self.names or [1, 2]) != 2 or sum(not row[-1] for row in self.rows) >= 0.5 * len(self.rows):
            return False
        pairs = [row for row in self.rows if len(row) == 2]
        wide = [row for row in self.rows if len(row) > 2]
        for i in (0, -1) if len(pairs) >= 4 else ():
            values = {row[i] for row in pairs}
            if Profile([row[i] for row in pairs]).is_label() and all(row[i] in values and row[-1] for row in wide):
                return True
        if self.names is not None or not many:
            return many
        if len(self.rows) < 4 or min(map(len, self.rows)) != 2:
            return False
        return any(Profile([row[i] for row in self.rows]).is_label() for i in (0, -1))

    def is_one(self):
        """Whether rows of several widths are texts without quotes, in which the separator stands."""
        widths, first = {len(row) for row in self.rows}, Profile([row[0] for row in self.rows])
        if self.names is not None:
            return len(self.names) == 1 < max(widths)
        return min(widths) == 1 < max(widths) and first.may_be_text() and (first.n < 6 or not first.is_label())

    def is_in_text(self, text, label):
        """Whether further separators of many rows can only stand in the text: what stands beside it is right."""
        wide = [row for row in self.rows if len(row) > self.width and any(row[self.width :])]
        if self.joins or self.form not in _JOINS or len(wide) < 0.05 * len(self.rows) or not wide:
            return False
        if label is None:
            return text == self.width - 1
        values = {row[label] for row in self.body}
        known = all(row[label + (len(row) - self.width) * (label > text)] in values for row in wide)
        return known and self.profiles[label].is_label() and (label > text or text == self.width - 1)

    def join(self):
        self.joins = _JOINS[self.form]
        self.notes.append(f"further {self.form.removeprefix('a ')}s belong to the text")

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
        if not labelled and self.form in _JOINS and self.is_one():
            self.width = 1
            self.join()
        text, label = given["text"], given["label"]
        taken = {given["weight"], given["group"]} - {None}
        if labelled and self.width < 2:
            got = "one column" if self.width else "none"
            way = "; write a label, a tab and a text on each line" if self.form == LINES and self.names is None else ""
            raise DataError(f"{self.path}: expected a column of texts and one of labels, got {got}{self.shown()}{way}")
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
        if self.is_in_text(text, label):
            self.join()
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
        last = [i for i, name in enumerate(names) if "." in name and key_of(name.rpartition(".")[2]) == key_of(column)]
        if len(last) == 1:  # of an object in an object of JSON
            return last[0]
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
        is_last = is_last or (first.is_text() and last.may_be_label() and not last.may_be_text())
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
            named = named or [
                i for i in free if ranks[i] is not None and not self.profiles[i].n and not self.has_texts(free)
            ]
            if named:
                best = min(named, key=lambda i: (ranks[i], -self.profiles[i].mean))
                equals = [i for i in named if ranks[i] == ranks[best] and self.profiles[i].is_text()]
                if others := [i for i in equals if i != best and not self.are_alike(best, i)]:
                    raise self.open_choice("texts", "--text-column", [best, *others])
                return best if ranks[best] < PARTLY else self.longest_text(named, free)
            free = [i for i in free if self.may_be_unnamed(i)] or free
        if self.width == 1 and free:
            return 0
        texts = sorted((i for i in free if self.profiles[i].is_text()), key=lambda i: -self.profiles[i].mean)
        if not texts and len(free) <= 2:
            texts = [i for i in free if self.profiles[i].may_be_text() and not self.profiles[i].is_label()]
        if not texts or (len(texts) > 1 and self.profiles[texts[1]].mean > 0.5 * self.profiles[texts[0]].mean):
            raise self.open_choice("texts", "--text-column", texts if len(texts) > 1 else None)
        return texts[0]

    def are_alike(self, i, k):
        """Whether two columns hold the same texts, one of them cleaned."""
        pairs = [({key_of(word) for word in (row[i] or "").split()}, (row[k] or "").split()) for row in self.body[:100]]
        shared = sum(key_of(word) in words for words, others in pairs for word in others)
        return shared > 0.5 * sum(len(others) for _, others in pairs)

    def has_texts(self, columns):
        return any(self.profiles[i].is_text() and not is_other(self.names[i]) for i in columns)

    def may_be_unnamed(self, i):
        """Whether a column may hold texts whatever its name says, such as "What is the reason for your score?"."""
        profile, name = self.profiles[i], self.names[i]
        if len(name.split()) > 3 and profile.is_text() and not profile.is_label():
            return True
        return not is_other(name) and (label_rank(name) is None or (profile.is_text() and not profile.may_be_label()))

    def longest_text(self, named, free):
        """The column of the longest texts, where no name but one such as "title" says which it is."""
        best = max(named, key=lambda i: self.profiles[i].mean)
        others = [i for i in free if self.may_be_unnamed(i)]
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
            if others:
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
