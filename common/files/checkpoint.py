"""One safe file per checkpoint: a .npz (a zip of .npy members, uncompressed) with a JSON member beside the arrays.

Nothing in it is code and nothing is pickled. `meta.json` holds the caller's metadata and a manifest: name, shape, dtype
and sha256 of each array; the file ends with the sha256 of `meta.json`. Every other byte follows from these, and is
compared. docs/checkpoint.md specifies the format on one page.
"""

import hashlib
import json
import math
import os
import re
import stat
import zlib
from itertools import accumulate

import numpy as np

from common import __version__
from common.files.atomic_write import write_atomically
from common.files.stored_zip import END, LOCAL, StoredZip, npy_head
from common.np import to_cpu

FORMAT = 2
META = "meta.json"
DTYPES = ("<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8")
NAME = re.compile(r"[\w.\- ]{1,100}")  # no path separator, no control character
MOST_ARRAYS = 4096
MOST_AXES = 32
SEAL = 64  # bytes at the end: a sha256 in hexadecimal digits
# Counted here, because what Python's own reader lets through depends on its version and settings.
MOST_DEEP = 100  # lists and objects inside one another, that of meta.json itself among them
MOST_DIGITS = 1000  # in a row, in a number
TOO_DEEP = f"expected {META} to be at most {MOST_DEEP} deep, got one that is deeper"
TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")  # all digits alike: a long number is a long run of zeros
NUMBER_TOO_LONG = b"0" * (MOST_DIGITS + 1)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
# What JSON may take in memory beside the arrays: so many bytes a character and a value, as Python keeps them, within
# the file's own size or within ROOM (Python and NumPy alone take about as much).
PER_CHARACTER, PER_VALUE, ROOM = 6, 200, 1 << 26


class CheckpointError(Exception):
    """A checkpoint that is damaged or does not fit: one line with the file and the defect."""


class MissingCheckpointError(CheckpointError, FileNotFoundError):
    """No file of that name; an OSError as well, as where the book's code looks for its parameters."""


class _Defect(ValueError):
    """The defect, before the file's name is added."""


def save_arrays(path, arrays, meta=None):
    """Write named arrays and `meta` (anything JSON can hold) as one file (`write_atomically`), or to a binary stream.

    ValueError or TypeError for what the format cannot hold, FloatingPointError for NaN and infinity, OSError where the
    file cannot be written; a former file is then still there.
    """
    arrays = {name: _storable(name, to_cpu(a)) for name, a in arrays.items()}
    manifest = [
        {"name": name, "shape": list(a.shape), "dtype": a.dtype.str, "sha256": hashlib.sha256(_bytes(a)).hexdigest()}
        for name, a in arrays.items()
    ]
    content = {"format": FORMAT, "library": __version__, "arrays": manifest, "meta": {} if meta is None else meta}
    raw = _encoded(content)
    _decoded(raw, _file_size(len(raw), manifest))  # what is written can be read
    zipped = StoredZip()
    pieces = [zipped.member(META, len(raw), zlib.crc32(raw)), raw]
    for name, a in arrays.items():
        head, data = npy_head(a.shape, a.dtype.str), _bytes(a)
        pieces += [zipped.member(f"{name}.npy", len(head) + a.nbytes, zlib.crc32(data, zlib.crc32(head))), head, data]
    pieces.append(zipped.end(_seal(raw)))
    if hasattr(path, "write"):
        path.write(b"".join(pieces))
    else:
        write_atomically(path, pieces)


def checkpoint_size(arrays, meta):
    """How many bytes `save_arrays` would write for arrays of these names, shapes and dtypes."""
    digest = "0" * SEAL
    manifest = [
        {"name": name, "shape": list(a.shape), "dtype": a.dtype.str, "sha256": digest} for name, a in arrays.items()
    ]
    content = {"format": FORMAT, "library": __version__, "arrays": manifest, "meta": meta}
    return _file_size(len(_encoded(content)), manifest)


def is_checkpoint(head):
    """Whether a file that begins so may be one of `save_arrays`."""
    return head[:4] == b"PK\x03\x04" and head[LOCAL:].startswith(META.encode())


def load_arrays(path):
    """The named arrays of a file, checked, in the order in which they were saved. Raises CheckpointError."""
    return load_checkpoint(path)[0]


def load_checkpoint(path, into=None):
    """-> arrays (dict of name to array), meta (what `save_arrays` was given), of a file, or of a binary stream that can
    seek. Raises CheckpointError on any defect, MissingCheckpointError where there is no file.

    into: a function that gets what meta.json holds ("format", "library", "arrays": the manifest, "meta"), checked,
    before any array is read. It returns the arrays to read into, by name, or None for new ones; names, shapes and
    dtypes must then be those of the file. A ValueError of its own is a defect, too.
    """
    kind = CheckpointError
    try:
        if hasattr(path, "seek"):
            return _read(path, into)
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _Defect("expected a checkpoint, got a folder, a pipe or a device")
        with open(path, "rb") as file:
            return _read(file, into)
    except (_Defect, CheckpointError) as error:
        defect = str(error)
    except FileNotFoundError as error:
        kind, defect = MissingCheckpointError, f"expected a checkpoint, got {error.strerror}"
    except OSError as error:
        defect = f"expected a checkpoint, got {error.strerror or error}"
    except Exception as error:  # JSON that is none, memory that is not there, and whatever a file may provoke
        defect = f"expected a checkpoint, got a damaged or other file ({type(error).__name__}: {error})"
    path = "a stream" if hasattr(path, "seek") else path
    raise kind(f"{path}: {''.join(c if c.isprintable() else ' ' for c in defect[:400])}")


def _read(file, into):
    size = file.seek(0, os.SEEK_END)
    zipped = StoredZip()
    raw, seal = _read_meta(file, size, zipped)
    content = _decoded(raw, size)
    manifest = content["arrays"]
    expected = _file_size(len(raw), manifest)
    if size != expected:
        raise _Defect(f"expected {expected:,} bytes, as its manifest says, got {size:,}")
    try:
        targets = None if into is None else into(content)
    except ValueError as error:
        raise _Defect(str(error)) from None
    if targets is not None:
        _check_fit(manifest, targets)
    arrays = {entry["name"]: _read_array(file, entry, zipped, targets) for entry in manifest}
    end = zipped.end(seal)
    if file.read(len(end)) != end:
        raise _Defect("expected the directory that its members give, got another")
    return arrays, content["meta"]


def _read_meta(file, size, zipped):
    """-> the bytes of meta.json, which fit the seal, and the seal."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise _Defect("expected a checkpoint (.npz), got a file of another kind")
    file.seek(max(0, size - END - SEAL))
    end = file.read(END + SEAL)
    declared = int.from_bytes(end[12:16], "little") + int.from_bytes(end[16:20], "little") + END + SEAL
    if size != declared:
        raise _Defect(f"expected a checkpoint (.npz) of the size that its end says, got {size:,} bytes of another form")
    members = int.from_bytes(end[8:10], "little")
    if members > MOST_ARRAYS + 1:  # before anything of them is read
        raise _Defect(f"expected at most {MOST_ARRAYS:,} arrays, got {members - 1:,}")
    seal = end[END:]
    file.seek(0)
    head = file.read(LOCAL + len(META))
    length = int.from_bytes(head[18:22], "little")
    if not is_checkpoint(head) or length > size:
        raise _Defect(f"expected a checkpoint (.npz) that begins with {META}, got another file")
    raw = file.read(length)
    if _seal(raw) != seal:
        raise _Defect(f"expected a checkpoint of format {FORMAT}, got one that is damaged, or of an older format")
    if head != zipped.member(META, length, zlib.crc32(raw)):
        raise _Defect(f"expected the header of {META}, got another")
    return raw, seal


def _read_array(file, entry, zipped, targets):
    """The next array of the file, read into the target of its name or a new array."""
    name, shape, dtype = entry["name"], tuple(entry["shape"]), entry["dtype"]
    a = np.empty(shape, dtype) if targets is None else targets[name]
    data, npy = _bytes(a), npy_head(shape, dtype)
    head = file.read(LOCAL + len(f"{name}.npy".encode()) + len(npy))
    if file.readinto(data) != len(data):
        raise _Defect(f"array {name}: expected {len(data):,} bytes, got fewer")
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise _Defect(f"array {name}: its checksum does not fit its contents")
    if head != zipped.member(f"{name}.npy", len(npy) + len(data), zlib.crc32(data, zlib.crc32(npy))) + npy:
        raise _Defect(f"array {name}: expected the header of {dtype} of shape {list(shape)}, got another")
    if not _finite(a):
        raise _Defect(f"array {name}: expected finite numbers, got NaN or infinity")
    return a


def _encoded(content):
    try:
        return json.dumps(content, ensure_ascii=True, allow_nan=False).encode("ascii")
    except RecursionError:  # far beyond our limit, which is checked in what is written
        raise _Defect(TOO_DEEP) from None


def _decoded(raw, file_size):
    """What the bytes of meta.json say, where they say it as `_encoded` does, of arrays that the file has room for."""
    values = sum(raw.count(c) for c in b",[{")
    if PER_CHARACTER * len(raw) + PER_VALUE * values > max(2 * file_size, ROOM):
        raise _Defect(f"expected a {META} that takes little memory beside the arrays, got {len(raw):,} bytes of it")
    if raw.count(b"[") + raw.count(b"{") > MOST_DEEP or NUMBER_TOO_LONG in raw.translate(TO_ZEROS):  # seldom
        _check_depth_and_numbers(raw)
    content = json.loads(raw.decode("ascii"))
    if type(content) is dict and content.get("format") != FORMAT:
        raise _Defect(f"expected format {FORMAT}, got {content.get('format')!r}")
    if _encoded(content) != raw:  # a name that came twice, NaN, an escape that is not needed
        raise _Defect(f"expected {META} as this library writes it, got another form")
    if type(content) is not dict or list(content) != ["format", "library", "arrays", "meta"]:
        raise _Defect(f"expected format, library, arrays and meta in {META}, got something else")
    _check_manifest(content["arrays"], file_size)
    return content


def _check_depth_and_numbers(raw):
    outside = STRING.sub(b"", raw)  # a bracket or a digit within a text is no structure and no number
    depths = accumulate(1 if bracket in b"[{" else -1 for bracket in outside.translate(None, NO_BRACKETS))
    if max(depths, default=0) > MOST_DEEP:
        raise _Defect(TOO_DEEP)
    if NUMBER_TOO_LONG in outside.translate(TO_ZEROS):
        raise _Defect(f"expected numbers of at most {MOST_DIGITS:,} digits in {META}, got a longer one")


def _check_manifest(manifest, file_size):
    if type(manifest) is not list or len(manifest) > MOST_ARRAYS:
        raise _Defect(f"expected a list of at most {MOST_ARRAYS:,} arrays, got another")
    for entry in manifest:
        if type(entry) is not dict or list(entry) != ["name", "shape", "dtype", "sha256"]:
            raise _Defect(f"expected name, shape, dtype and sha256 of each array, got {entry!r}")
        name, shape, dtype = entry["name"], entry["shape"], entry["dtype"]
        if type(name) is not str or not NAME.fullmatch(name):
            raise _Defect(f"expected a name of up to 100 letters, digits, '_', '.', '-' and ' ', got {name!r}")
        if dtype not in DTYPES:
            raise _Defect(f"array {name}: expected a dtype of {', '.join(DTYPES)}, got {dtype!r}")
        if type(shape) is not list or len(shape) > MOST_AXES or not all(type(n) is int and n >= 0 for n in shape):
            raise _Defect(f"array {name}: expected a shape, got {shape!r}")
        if math.prod(max(n, 1) for n in shape) * np.dtype(dtype).itemsize > file_size:
            raise _Defect(f"array {name}: expected a shape that the file has room for, got {shape!r}")
    if len({entry["name"] for entry in manifest}) != len(manifest):
        raise _Defect("expected each name once, got one twice")


def _check_fit(manifest, targets):
    """The arrays to read into have the names, shapes and dtypes of the file, and are in C order."""
    expected = {name: f"shape {list(a.shape)}, dtype {a.dtype.str}" for name, a in targets.items()}
    saved = {entry["name"]: f"shape {entry['shape']}, dtype {entry['dtype']}" for entry in manifest}
    for name in [*expected, *saved]:
        if expected.get(name) != saved.get(name):
            raise _Defect(f"array {name}: expected {expected.get(name, 'none')}, got {saved.get(name, 'none')}")
        if not targets[name].flags.c_contiguous:
            raise _Defect(f"array {name}: expected one in C order to read into, got another")


def _file_size(meta_size, manifest):
    zipped = StoredZip()
    zipped.member(META, meta_size, 0)
    for entry in manifest:
        size = math.prod(entry["shape"]) * np.dtype(entry["dtype"]).itemsize
        zipped.member(f"{entry['name']}.npy", len(npy_head(entry["shape"], entry["dtype"])) + size, 0)
    return zipped.offset + len(zipped.end(bytes(SEAL)))


def _storable(name, a):
    """The array in C order, little-endian. ValueError for another kind, FloatingPointError for NaN and infinity."""
    if str(name).endswith(".npy"):
        raise ValueError(f"array {name}: expected a name that does not end in .npy, which np.load takes for an ending")
    a = np.asarray(a, order="C")
    a = a.astype(a.dtype.newbyteorder("<"), copy=False)
    if a.dtype.str not in DTYPES:
        raise ValueError(f"array {name}: expected a dtype of {', '.join(DTYPES)}, got {a.dtype}")
    if not _finite(a):
        raise FloatingPointError(f"array {name}: expected finite numbers, got NaN or infinity")
    return a


def _finite(a):
    return a.dtype.kind != "f" or bool(np.isfinite(a).all())


def _bytes(a):
    """The memory of an array in C order as a flat array of bytes, not copied."""
    return a.reshape(-1).view(np.uint8)


def _seal(raw):
    return hashlib.sha256(raw).hexdigest().encode("ascii")
