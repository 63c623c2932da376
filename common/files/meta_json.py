"""What stands in `meta.json` of a checkpoint (`common.files.checkpoint`), and the one way in which it is written.

What a file says is checked before it is believed: how much memory it would take, how deep it is, its form, its arrays.
"""

import json
import math
import re
from itertools import accumulate

import numpy as np

FORMAT = 2
META = "meta.json"
DTYPES = ("<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8")
NAME = re.compile(r"[\w.\- ]{1,100}")  # no path separator, no control character
MOST_ARRAYS = 4096
MOST_AXES = 32
# Counted here, because what Python's own reader lets through depends on its version and settings.
MOST_DEEP = 100  # lists and objects inside one another, that of meta.json itself among them
MOST_DIGITS = 1000  # in a row, in a number
TOO_DEEP = f"expected {META} to be at most {MOST_DEEP} deep, got one that is deeper"
TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")  # all digits alike: a long number is a long run of zeros
NUMBER_TOO_LONG = b"0" * (MOST_DIGITS + 1)
NO_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
TEXT = re.compile(rb'"[^"]*"')
TEXT_OR_LONG_NUMBER = re.compile(rb'"[^"]*"|[0-9]{%d}' % (MOST_DIGITS + 1))
# What JSON may take in memory: the objects that begin or end with these letters, as Python keeps them at most. There is
# room for ROOM, twice the file, or so many times the JSON itself, as a list of short words takes.
BYTES = {b'"': 30, b":": 100, b",": 40, b"[": 90, b"{": 200}
ROOM, TIMES = 1 << 21, 16
MANY = 64  # items of a list that are written at a time


class Defect(ValueError):
    """The defect, before the file's name is added."""


def encoded(content):
    try:
        return json.dumps(content, ensure_ascii=True, allow_nan=False).encode("ascii")
    except RecursionError:  # far beyond our limit, which is checked in what is written
        raise Defect(TOO_DEEP) from None


def _pieces(value, deep=3):
    """What `encoded` gives, piece by piece: a list of all words takes more memory than they."""
    if deep and type(value) is dict:
        for i, (name, inner) in enumerate(value.items()):
            yield b", " if i else b"{"
            yield encoded(name) + b": "
            yield from _pieces(inner, deep - 1)
        yield b"}" if value else b"{}"
    elif type(value) is list and len(value) > MANY:
        for start in range(0, len(value), MANY):
            yield b", " if start else b"["
            yield encoded(value[start : start + MANY])[1:-1]
        yield b"]"
    else:
        yield encoded(value)


def _is_written(raw, content):
    """Whether `encoded` would give these bytes."""
    place = 0
    for piece in _pieces(content):
        if not raw.startswith(piece, place):
            return False
        place += len(piece)
    return place == len(raw)


def decoded(raw, file_size):
    """What the bytes of meta.json say, where they say it as `encoded` does, of arrays that the file has room for."""
    memory = len(raw) + sum(raw.count(letter) * size for letter, size in BYTES.items())
    if memory > max(2 * file_size, TIMES * len(raw), ROOM):
        raise Defect(f"expected a {META} that takes little memory beside the arrays, got {len(raw):,} bytes of it")
    if raw.count(b"[") + raw.count(b"{") > MOST_DEEP or NUMBER_TOO_LONG in raw.translate(TO_ZEROS):  # seldom
        _check_depth_and_numbers(raw)
    content = json.loads(raw.decode("ascii"))
    if type(content) is dict and content.get("format") != FORMAT:
        raise Defect(f"expected format {FORMAT}, got {content.get('format')!r}")
    if not _is_written(raw, content):  # a name that came twice, NaN, an escape that is not needed
        raise Defect(f"expected {META} as this library writes it, got another form")
    if type(content) is not dict or list(content) != ["format", "library", "arrays", "meta"]:
        raise Defect(f"expected format, library, arrays and meta in {META}, got something else")
    _check_manifest(content["arrays"], file_size)
    return content


def _check_depth_and_numbers(raw):
    """A bracket or a digit within a text is no structure and no number. What is left of a text is not kept in pieces,
    which would take ten times its memory.
    """
    raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")  # each quote begins or ends a text
    outside = TEXT.sub(b"", raw.translate(None, NO_STRUCTURE).replace(b'""', b""))
    depths = accumulate(1 if bracket in b"[{" else -1 for bracket in outside)
    if max(depths, default=0) > MOST_DEEP:
        raise Defect(TOO_DEEP)
    if NUMBER_TOO_LONG in raw.translate(TO_ZEROS):
        for found in TEXT_OR_LONG_NUMBER.finditer(raw):
            if not found[0].startswith(b'"'):
                raise Defect(f"expected numbers of at most {MOST_DIGITS:,} digits in {META}, got a longer one")


def _check_manifest(manifest, file_size):
    if type(manifest) is not list or len(manifest) > MOST_ARRAYS:
        raise Defect(f"expected a list of at most {MOST_ARRAYS:,} arrays, got another")
    for entry in manifest:
        if type(entry) is not dict or list(entry) != ["name", "shape", "dtype", "sha256"]:
            raise Defect(f"expected name, shape, dtype and sha256 of each array, got {entry!r}")
        name, shape, dtype = entry["name"], entry["shape"], entry["dtype"]
        if type(name) is not str or not NAME.fullmatch(name):
            raise Defect(f"expected a name of up to 100 letters, digits, '_', '.', '-' and ' ', got {name!r}")
        if dtype not in DTYPES:
            raise Defect(f"array {name}: expected a dtype of {', '.join(DTYPES)}, got {dtype!r}")
        if type(shape) is not list or len(shape) > MOST_AXES or not all(type(n) is int and n >= 0 for n in shape):
            raise Defect(f"array {name}: expected a shape, got {shape!r}")
        if math.prod(max(n, 1) for n in shape) * np.dtype(dtype).itemsize > file_size:
            raise Defect(f"array {name}: expected a shape that the file has room for, got {shape!r}")
    if len({entry["name"] for entry in manifest}) != len(manifest):
        raise Defect("expected each name once, got one twice")
