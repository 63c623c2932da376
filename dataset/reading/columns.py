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
        further = len(cells) - self.width
        if further > 0 and not any(cells[self.width :]) and self.joins != "\t":
            return cells[: self.width]
        if self.joins and further > 0:
            end = self.text + further + 1
            return [*cells[: self.text], self.joins.join(cells[self.text : end]), *cells[end:]]
        shorter = max(self.text, self.label or 0) < len(cells) < self.width
        if self.names and shorter and not any(self.names[len(cells) :]):
            return [*cells, *[""] * (self.width - len(cells))]
        return None
