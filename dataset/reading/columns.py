"""The columns of a table that are read."""

from dataclasses import dataclass


@dataclass
class Columns:
    """text, label, weight, group: positions, or None. names: of the header, or None. width: the number of cells.
    joins: the separator, where further ones belong to the text. notes: what is to be said of the choice.
    """

    text: int
    label: int | None
    width: int
    names: list | None = None
    weight: int | None = None
    group: int | None = None
    joins: str = ""
    notes: tuple = ()

    def called(self, i):
        """A column as a message calls it: "text" in quotes, or column 2."""
        name = " ".join(self.names[i].split()).strip(' "')[:80] if self.names else ""
        return f'"{name}"' if name else f"column {i + 1}"

    def fit(self, cells):
        """The cells of a row of another width as those of one of this width, or None."""
        if self.joins and len(cells) > 2:
            first, last = [cells[0], self.joins.join(cells[1:])], [self.joins.join(cells[:-1]), cells[-1]]
            return first if self.label == 0 or self.text == 1 else last
        if len(cells) > self.width and not any(cells[self.width :]):
            return cells[: self.width]
        shorter = max(self.text, self.label or 0) < len(cells) < self.width
        if self.names and shorter and not any(self.names[len(cells) :]):
            return [*cells, *[""] * (self.width - len(cells))]
        return None
