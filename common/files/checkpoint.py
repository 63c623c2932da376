"""One safe file per checkpoint: a .npz (a zip of .npy members, uncompressed) with a JSON member beside the arrays.

Nothing in it is code and nothing is pickled. `meta.json` holds the caller's metadata and a manifest: name, shape, dtype
and sha256 of each array; the file ends with the sha256 of `meta.json`. Every other byte follows from these, and is
compared. docs/checkpoint.md specifies the format on one page.
"""

import hashlib
import math
import os
import stat
import zlib

import numpy as np

from common import __version__
from common.files.atomic_write import write_atomically
from common.files.meta_json import DTYPES, FORMAT, META, MOST_ARRAYS, Defect, decoded, encoded
from common.files.stored_zip import END, LOCAL, StoredZip, npy_head
from common.np import to_cpu

SEAL = 64  # bytes at the end: a sha256 in hexadecimal digits
PIECE = 1 << 18  # bytes of an array that are read, and looked at, at a time


class CheckpointError(Exception):
    """A checkpoint that is damaged or does not fit: one line with the file and the defect."""


class MissingCheckpointError(CheckpointError, FileNotFoundError):
    """No file of that name; an OSError as well, as where the book's code looks for its parameters."""


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
    raw = encoded(content)
    decoded(raw, _file_size(len(raw), manifest))  # what is written can be read
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
    return _file_size(len(encoded(content)), manifest)


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
    before any array is read. It returns what to read into, by name, arrays or `Place`s, or None for new arrays; names,
    shapes and dtypes must then be those of the file. A ValueError of its own is a defect, too.
    """
    kind = CheckpointError
    try:
        if hasattr(path, "seek"):
            return _read(path, into)
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Defect("expected a checkpoint, got a folder, a pipe or a device")
        with open(path, "rb") as file:
            return _read(file, into)
    except (Defect, CheckpointError) as error:
        defect = str(error)
    except FileNotFoundError as error:
        kind, defect = MissingCheckpointError, f"expected a checkpoint, got {error.strerror}"
    except OSError as error:
        defect = f"expected a checkpoint, got {error.strerror or error}"
    except Exception as error:  # JSON that is none, memory that is not there, and whatever a file may provoke
        defect = f"expected a checkpoint, got a damaged or other file ({type(error).__name__}: {error})"
    path = "a stream" if hasattr(path, "seek") else path
    raise kind(f"{path}: {''.join(c if c.isprintable() else ' ' for c in defect[:400])}")


class Place:
    """Where an array goes, piece by piece, that is not kept as it stands in the file; or not at all, as here."""

    def __init__(self, shape, dtype):
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    def write(self, start, rows):
        """Takes the rows (along the first axis) from this one on; their memory is used again."""


def nowhere(manifest):
    """For `load_checkpoint` to read into: all is checked, and nothing kept."""
    return {entry["name"]: Place(entry["shape"], entry["dtype"]) for entry in manifest}


def check_fit(manifest, arrays):
    """ValueError unless these (by name) have the names, shapes and dtypes of a manifest."""
    saved = {entry["name"]: entry for entry in manifest}
    for name in [*arrays, *saved]:
        a, entry = arrays.get(name), saved.get(name)
        expected = "none" if a is None else f"shape {list(a.shape)}, dtype {a.dtype.str}"
        got = "none" if entry is None else f"shape {list(entry['shape'])}, dtype {entry['dtype']}"
        if expected != got:
            raise Defect(f"array {name}: expected {expected}, got {got}")


def _read(file, into):
    size = file.seek(0, os.SEEK_END)
    zipped = StoredZip()
    content, seal = _read_content(file, size, zipped)
    manifest = content["arrays"]
    try:
        places = None if into is None else into(content)
    except ValueError as error:
        raise Defect(str(error)) from None
    if places is None:
        places = {entry["name"]: np.empty(entry["shape"], entry["dtype"]) for entry in manifest}
    check_fit(manifest, places)
    for entry in manifest:
        _read_array(file, entry, zipped, places[entry["name"]])
    end = zipped.end(seal)
    if file.read(len(end)) != end:
        raise Defect("expected the directory that its members give, got another")
    return places, content["meta"]


def _read_content(file, size, zipped):
    """-> what meta.json holds, as much as the file has room for, and the seal."""
    raw, seal = _read_meta(file, size, zipped)
    content = decoded(raw, size)
    expected = _file_size(len(raw), content["arrays"])
    if size != expected:
        raise Defect(f"expected {expected:,} bytes, as its manifest says, got {size:,}")
    return content, seal


def _read_meta(file, size, zipped):
    """-> the bytes of meta.json, which fit the seal, and the seal."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise Defect("expected a checkpoint (.npz), got a file of another kind")
    file.seek(max(0, size - END - SEAL))
    end = file.read(END + SEAL)
    declared = int.from_bytes(end[12:16], "little") + int.from_bytes(end[16:20], "little") + END + SEAL
    if size != declared:
        raise Defect(f"expected a checkpoint (.npz) of the size that its end says, got {size:,} bytes of another form")
    members = int.from_bytes(end[8:10], "little")
    if members > MOST_ARRAYS + 1:  # before anything of them is read
        raise Defect(f"expected at most {MOST_ARRAYS:,} arrays, got {members - 1:,}")
    seal = end[END:]
    file.seek(0)
    head = file.read(LOCAL + len(META))
    length = int.from_bytes(head[18:22], "little")
    if not is_checkpoint(head) or length > size:
        raise Defect(f"expected a checkpoint (.npz) that begins with {META}, got another file")
    raw = file.read(length)
    if _seal(raw) != seal:
        raise Defect(f"expected a checkpoint of format {FORMAT}, got one that is damaged, or of an older format")
    if head != zipped.member(META, length, zlib.crc32(raw)):
        raise Defect(f"expected the header of {META}, got another")
    return raw, seal


def _read_array(file, entry, zipped, place):
    """Read the next array of the file into its place, and check each piece while it is in the processor's cache."""
    name, shape, dtype = entry["name"], tuple(entry["shape"]), entry["dtype"]
    npy, size = npy_head(shape, dtype), math.prod(shape) * np.dtype(dtype).itemsize
    head = file.read(LOCAL + len(f"{name}.npy".encode()) + len(npy))
    crc, digest, finite = zlib.crc32(npy), hashlib.sha256(), True
    for piece in _pieces(name, place):
        data = _bytes(piece)
        if file.readinto(data) != len(data):
            raise Defect(f"array {name}: expected {size:,} bytes, got fewer")
        digest.update(data)
        crc, finite = zlib.crc32(data, crc), finite and _finite(piece)
    if digest.hexdigest() != entry["sha256"]:
        raise Defect(f"array {name}: its checksum does not fit its contents")
    if head != zipped.member(f"{name}.npy", len(npy) + size, crc) + npy:
        raise Defect(f"array {name}: expected the header of {dtype} of shape {list(shape)}, got another")
    if not finite:
        raise Defect(f"array {name}: expected finite numbers, got NaN or infinity")


def _pieces(name, place):
    """The memory to read the next bytes of an array into, one piece after the other."""
    shape, dtype = place.shape, place.dtype
    if isinstance(place, Place):
        row = math.prod(shape[1:])
        rows = shape[0] if shape else 1
        at_once = max(1, PIECE // max(row * dtype.itemsize, 1))
        buffer = np.empty((min(at_once, rows), *shape[1:]), dtype)
        for start in range(0, rows, at_once):
            part = buffer[: rows - start]
            yield part
            place.write(start, part)
        return
    if not place.flags.c_contiguous:
        raise Defect(f"array {name}: expected one in C order to read into, got another")
    flat, at_once = place.reshape(-1), PIECE // dtype.itemsize
    yield from (flat[start : start + at_once] for start in range(0, flat.size, at_once))


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
