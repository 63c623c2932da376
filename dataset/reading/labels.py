"""Labels as people write them, and the classes that they stand for.
"Pos", "pos", "pos." and "POS " are one class; so are 1 and 1.0, and the two Unicode forms of "négatif"."""

import math
import re
import unicodedata

import numpy as np

from dataset.errors import DataError

# What stands in a cell that has no value, as pandas, R, databases and spreadsheets write it. "none" is not among them:
# it is a class of many data sets.
MISSING = frozenset(
    [
        *("", "nan", "NaN", "NAN", "-nan", "-NaN", "None", "null", "NULL", "Null", "N/A", "n/a", "NA", "<NA>", "#N/A"),
        *("#NA", "#N/A N/A", "NaT", "nil", "\\N", "(null)", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "undefined"),
    ]
)
LONGEST_MISSING = max(map(len, MISSING))
SHOWN = 12  # classes that a message lists at most

_LONGEST = 40  # characters of a label in a message
_LONGEST_NUMBER = 100  # characters; a longer label is no number, whatever the interpreter's own limit is
_BETWEEN = re.compile(r"[,;|]")
_INVISIBLE = " \u200b\u200e\u200f\u2060\ufeff"  # what copying leaves at the ends of a cell
_WHOLE = re.compile(r"\+?(-?\d+)(?:\.0+)?")
_MOST_CLASSES, _FEW_TEXTS = 50, 5  # more classes with fewer texts each are no classes


def several(names):
    """Those of the names that are several others with commas or the like between them, as of a text with two labels."""
    keys = {label_key(name) for name in names}
    parts = {name: {label_key(part) for part in _BETWEEN.split(name)} for name in names if _BETWEEN.search(name)}
    return {name for name, found in parts.items() if len(found) > 1 and found <= keys}


def is_missing(text):
    """Whether a cell has no value, see MISSING; spaces around it do not count."""
    return text.isspace() or (len(text) <= LONGEST_MISSING and text.strip() in MISSING)


def cell_text(value):
    """The value of a cell of JSON as a str, several of a list with commas; None for null, NaN and an object."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list) and value and not any(isinstance(part, list | dict) for part in value):
        return ",".join(filter(None, map(cell_text, value)))
    return None


def joined_text(value):
    """`cell_text`, but a list of several str is one text."""
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return " ".join(value)
    return cell_text(value)


def label_key(label):
    """What two labels of one class have in common."""
    key = unicodedata.normalize("NFKC", label).replace("\u0130", "i").casefold()  # of Turkish: else two characters
    key = " ".join(key.strip(_INVISIBLE).split())
    key = key.strip("\"'").removeprefix("__label__").strip() or key
    if len(key) < _LONGEST_NUMBER and (number := _WHOLE.fullmatch(key)):
        return number[1]
    return unicodedata.normalize("NFKC", key.rstrip(".,;:") or key)


class Labels:
    """Class ids for labels as they come. names: the classes in id order if they are known already.

    `ids` maps each spelling to its number, or to -1 where there is no label; `number_of` adds one that is not in it.
    """

    def __init__(self, names=None):
        self.names = None if names is None else list(names)
        self.ids, self.spellings = {}, []
        if names is not None:
            keys = [label_key(name) for name in self.names]
            self.known = {key: i for i, key in enumerate(keys) if keys.count(key) == 1}
            self.known_spellings = {name: i for i, name in enumerate(self.names)}

    def number_of(self, label, where):
        """The number of a spelling: its class where the classes are known, else one of its own. DataError naming
        `where` for a label that is none of the known ones.
        """
        spelling = label.strip()
        if spelling in MISSING:
            number = -1
        elif self.names is not None:
            number = self.known_spellings.get(spelling, self.known.get(label_key(spelling)))
            if number is None:
                expected = f"expected one of {listed(self.names)}"
                raise DataError(f"{where}: unknown label {spelling[:_LONGEST]!r}, {expected}")
        elif spelling in self.ids and spelling != label:
            number = self.ids[spelling]
        else:
            number = len(self.spellings)
            self.spellings.append(_bare(spelling))
            self.ids[spelling] = number
        self.ids[label] = number
        return number

    def classes(self, numbers):
        """(N,) int64 numbers of spellings, overwritten -> (N,) int64 class ids, names in id order, and notes on
        spellings that are one.
        """
        if self.names is not None:
            return numbers, self.names, []
        counts = np.bincount(numbers, minlength=len(self.spellings)).tolist()
        forms = {}  # key -> {spelling: count}
        for spelling, count in zip(self.spellings, counts):
            spelled = forms.setdefault(label_key(spelling), {})
            spelled[spelling] = spelled.get(spelling, 0) + count
        chosen = {key: _spelling(key, spelled) for key, spelled in forms.items()}
        names = sorted_names(chosen.values())
        rank = {name: i for i, name in enumerate(names)}
        table = np.array([rank[chosen[label_key(spelling)]] for spelling in self.spellings], dtype=np.int64)
        notes = [_merged(chosen[key], spelled) for key, spelled in forms.items() if len(spelled) > 1]
        if whole := [
            (chosen[key], *spelled)
            for key, spelled in forms.items()
            if _WHOLE.fullmatch(key) and chosen[key] not in spelled
        ]:
            read_as = ", ".join(name for name, *_ in whole[:5])
            notes.append(f"labels {', '.join(spelling for _, spelling, *_ in whole[:5])} are read as {read_as}")
        np.take(table, numbers, out=numbers, mode="clip")  # in place: no second array of millions
        return numbers, names, notes[:5]


def _bare(spelling):
    """A label without quotes around it, invisible characters, and fastText's mark."""
    return spelling.strip(_INVISIBLE + "\"'").removeprefix("__label__").strip() or spelling


def _spelling(key, spelled):
    """The name of a class: its commonest spelling; a number without its decimals, which pandas adds."""
    best = max(spelled, key=lambda spelling: (spelled[spelling], spelling == key))
    whole = _WHOLE.fullmatch(key) and len(key) < _LONGEST_NUMBER and (len(spelled) > 1 or "." in best)
    return key if whole else unicodedata.normalize("NFC", best)


def _merged(name, spelled):
    forms = ", ".join(f"{_one_line(form)!a} ({count:,})" for form, count in spelled.items())
    return f"labels that are one class, {_one_line(name)}: {forms}"


def sorted_names(names):
    """Numbers by their value, anything else by the alphabet."""
    if any(len(name) > _LONGEST_NUMBER for name in names):
        return sorted(names)
    try:
        return sorted(names, key=lambda name: (int(name), name))
    except ValueError:
        return sorted(names)


def check_classes(path, names, counts, num_classes, source=""):
    """DataError where these are not as many classes as were asked for, or too many for the texts that there are.

    source: what the message says of where the labels come from, and of the rows that are not used.
    """
    if num_classes is None and len(names) > _MOST_CLASSES and sum(counts) < _FEW_TEXTS * len(names):
        few = f"{len(names):,} classes ({listed(names, counts)}) for {sum(counts):,} texts"
        way = f"say --label-column and --text-column, or --classes {len(names)} if they are right"
        raise DataError(f"{path}: expected labels that come again, got {few}: is that the column of the texts? {way}")
    if len(names) < 2 if num_classes is None else len(names) != num_classes:
        needed = "at least 2 are needed" if num_classes is None else f"{num_classes} were asked for"
        raise DataError(
            f"{path}: {len(names)} class{'es' * (len(names) != 1)} ({listed(names)}) found where {needed}{source}"
        )


def listed(names, counts=None):
    """The names for a message of one line, with their counts if these are given: all, or of more than SHOWN the most
    frequent ones and the rarest, which may be the one that does not belong.
    """
    shown = [_one_line(name) for name in names]
    if counts is not None:
        shown = [f"{name} ({count:,})" for name, count in zip(shown, counts)]
    if len(shown) <= SHOWN:
        return ", ".join(shown)
    if counts is None:
        return ", ".join([*shown[: SHOWN - 1], f"and {len(shown) - SHOWN:,} more", shown[-1]])
    order = sorted(range(len(shown)), key=lambda i: -counts[i])
    kept = sorted(order[: SHOWN - 2])
    rare = ", ".join(shown[i] for i in order[-2:])
    return f"{', '.join(shown[i] for i in kept)} and {len(shown) - SHOWN + 2:,} more, the rarest {rare}"


def _one_line(name):
    return " ".join(name.split())[:_LONGEST]
