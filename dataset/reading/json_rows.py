"""Records of JSON: one object a line, or one document in any of the forms in which tables are written as JSON."""

import itertools
import json
import re
from operator import itemgetter

from dataset.errors import DataError
from dataset.reading.column_names import label_rank, text_rank

NO_RECORD = "no JSON record"  # a reason for which a row is left out
ENDINGS = (".json", ".jsonl", ".ndjson", ".jsonlines", ".geojson")
_PYTHON = re.compile(r"\{\s*[uU]?'")
_DEPTH = 8  # of objects in objects
_BLOCK = 100  # lines that are parsed at a time
_DECODER = json.JSONDecoder()
_DEFECTS = (ValueError, RecursionError)  # a number of very many digits is a ValueError that is no JSONDecodeError


def is_json(head, ending, path):
    """Whether lines that start with { or [ are JSON: "lines" (an object in each), "document", or None if not.

    DataError where they are dicts in the form of Python.
    """
    lines = [line for line in head if not line.isspace()]
    first = lines[0].strip()
    if _PYTHON.match(first):
        way = "write each with json.dumps(ast.literal_eval(line))"
        raise DataError(f"{path}: expected JSON, got dicts in the form of Python (single quotes): {way}")
    value = _loads(first)
    if isinstance(value, dict | list):
        if len(lines) == 1:
            return "document" if ending not in (".jsonl", ".ndjson") or "\n" not in lines[0] else "lines"
        if isinstance(value, dict) or ending in (".jsonl", ".ndjson") or isinstance(_loads(lines[1]), list):
            return "lines"
    if ending in ENDINGS:
        return "lines" if ending in (".jsonl", ".ndjson") and any(_loads(line) for line in lines[1:]) else "document"
    starts = first in ("{", "[", "[{") or re.match(r'\[\s*\{\s*"|\{\s*"[^"]*"\s*:', first)
    return "document" if starts else None


def _loads(line):
    try:
        return json.loads(line)
    except _DEFECTS:
        return None


def line_rows(head, lines, left_out):
    """The rows of one JSON object, or one list, a line; other lines are added to `left_out`.

    -> the keys of the objects in `head` (list of str) or None, iterator of (line number, cells).
    """
    values = [value for line in head if isinstance(value := _loads(line), dict)]
    if not values:
        return None, ((number, value) for number, value in _values(lines, left_out, list))
    records = _values(lines, left_out, dict)
    if any(_is_nested(inner) for value in values for inner in value.values()):
        values, records = list(map(flat, values)), ((number, flat(value)) for number, value in records)
    keys = list(dict.fromkeys(itertools.chain.from_iterable(values)))
    return keys, _cells(keys, records)


def _is_nested(value):
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def flat(value, prefix="", depth=_DEPTH):
    """A dict with the entries of the dicts in it under names such as "review.text"; those of a list of dicts, such as
    the annotations of a text, are lists where there are several.
    """
    found = {}
    for key, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(entry, dict) for entry in inner):
            names = dict.fromkeys(itertools.chain.from_iterable(inner))
            several = {name: [entry[name] for entry in inner if name in entry] for name in names}
            inner = inner[0] if len(inner) == 1 else several
        if isinstance(inner, dict) and depth:
            found |= flat(inner, f"{prefix}{key}.", depth - 1)
        else:
            found[f"{prefix}{key}"] = inner
    return found


def _values(lines, left_out, kind):
    """(line number, value) of every line that is one value of a kind, dict or list; blank lines are skipped."""
    lines, start = iter(lines), 1
    while block := list(itertools.islice(lines, _BLOCK)):
        try:
            # One call for many lines takes half the time of one for each.
            values = json.loads(f"[{','.join(block)}]")
        except _DEFECTS:
            values = ()
        if len(values) != len(block):
            values = map(_loads, block)
        for number, value in enumerate(values, start):
            if isinstance(value, kind):
                yield number, value
            elif not block[number - start].isspace():
                left_out.setdefault(NO_RECORD, []).append(number)
        start += len(block)


def _cells(keys, values):
    get = itemgetter(*keys) if len(keys) > 1 else lambda value: tuple(value[key] for key in keys)
    for number, value in values:
        try:
            yield number, get(value)
        except KeyError:
            yield number, [value.get(key) for key in keys]


def document_rows(text, path):
    """The rows of a whole document: -> names of the columns (list of str) or None, iterator of (number, cells), notes.

    It is a list of objects or of lists, or holds one; a dict of columns, of rows by their index, of lists of texts by
    their label, or of labels by their text; or several objects one after the other. DataError.
    """
    values, end = [], 0
    text = text.strip()
    try:
        while end < len(text):
            value, end = _DECODER.raw_decode(text, end)
            values.append(value)
            while end < len(text) and (text[end].isspace() or text[end] == ","):
                end += 1
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {error.lineno}: expected JSON, got none ({error.msg})") from None
    except _DEFECTS as error:
        raise DataError(f"{path}: expected JSON, got what cannot be read ({type(error).__name__})") from None
    value, notes = _training_part(values[0] if len(values) == 1 else values)
    names, rows = _table(value)
    if rows is None:
        expected = "expected a list of records, or an object that holds one"
        raise DataError(f"{path}: {expected}, got {_shape(values)}; write it as one object a line (.jsonl)")
    return names, enumerate(rows, start=1), notes


def _training_part(value):
    """-> what an object holds for the training, where it has parts such as "train" and "test", or all of it; notes."""
    train = [key for key in value if key.lower() in ("train", "training")] if isinstance(value, dict) else []
    if not train or len(value) < 2 or not isinstance(value[train[0]], dict | list):
        return value, []
    others = ", ".join(" ".join(key.split())[:40] for key in list(value)[:6] if key != train[0])
    return value[train[0]], [f"the texts are those of {train[0]}, {others} is not read"]


def _shape(values):
    value = values[0] if len(values) == 1 else values
    keys = ", ".join(str(key)[:40] for key in list(value)[:5]) if isinstance(value, dict) else ""
    return f"an object with the keys {keys}" if keys else f"one {type(value).__name__}"


def _table(value):
    """(names or None, list of rows), or (None, None) where a value is no table."""
    if isinstance(value, list):
        if value and all(isinstance(row, dict) for row in value):
            value = list(map(flat, value))
            keys = list(dict.fromkeys(itertools.chain.from_iterable(value)))
            return keys, [[row.get(key) for key in keys] for row in value]
        if value and all(isinstance(row, list) for row in value):
            return None, value
        if value and all(isinstance(row, str) for row in value):
            return None, [[row] for row in value]
        return ([], []) if not value else (None, None)
    if not isinstance(value, dict):
        return None, None
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return list(map(str, value["columns"])), [row for row in value["data"] if isinstance(row, list)]
    held = _held(value)
    if len(held) > 1:  # the one that has texts
        held = [rows for rows in held if any(text_rank(key) is not None for key in flat(rows[0]))]
    if len(held) == 1:
        return _table(held[0])
    return _table_of_dict(value)


def _held(value, depth=3):
    """The lists of objects in a dict, or else in the only dict in it."""
    held = [inner for inner in value.values() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
    dicts = [inner for inner in value.values() if isinstance(inner, dict)]
    return _held(dicts[0], depth - 1) if not held and len(dicts) == 1 and depth else held


def _are_columns(columns):
    """Whether lists are columns, one of them of a few values that come again, and not the texts of a label each."""
    simple = all(isinstance(cell, str | int | float | None) for column in columns for cell in column)
    few = simple and any(len(column) > 3 and 1 < len(set(column)) <= len(column) / 2 for column in columns)
    return few and len(columns) > 1 and len(set(map(len, columns))) == 1


def _table_of_dict(value):
    keys, columns = list(value), list(value.values())
    named = any(text_rank(key) is not None or label_rank(key) is not None for key in keys)
    if columns and all(isinstance(column, dict) for column in columns):
        inner = list(dict.fromkeys(itertools.chain.from_iterable(columns)))
        if not named and any(text_rank(key) is not None for key in inner):
            return inner, [[row.get(key) for key in inner] for row in columns]
        return keys, [[column.get(key) for column in columns] for key in inner]
    if columns and all(isinstance(column, list) for column in columns):
        if named:
            return keys, list(map(list, itertools.zip_longest(*columns)))
        if not all(isinstance(text, str) for column in columns for text in column):
            return (keys, list(map(list, zip(*columns)))) if _are_columns(columns) else (None, None)
        if _are_columns(columns):
            return keys, list(map(list, zip(*columns)))
        return ["label", "text"], [[key, text] for key, column in value.items() for text in column]
    if any(isinstance(column, dict | list) for column in columns):
        return None, None
    if named:
        return keys, [columns]
    return ["text", "label"], [list(pair) for pair in value.items()]
