"""Arrays that take long to compute and can be computed again, one file each, in `fetch.derived_folder()`.

A file is a sha256 (32 bytes), the length of each array (8 bytes, little-endian), and the arrays, one after the other.
The sha256 is that of all the rest, of names and dtypes, which the reader has to know, and of the key: everything that
the arrays were computed from. What is not, to the bit, what was written, by this user, counts as missing.
"""

import contextlib
import hashlib
import itertools
import os
import stat
import struct
import tempfile
import time
from pathlib import Path

import numpy as np

from dataset.store.fetch import derived_folder
from dataset.store.own_files import is_private, open_regular

SUFFIX = ".arrays"

_LAYOUT = "sentifish arrays 2"  # 1 was .npz
_SEAL = 32  # bytes
_FORMER = ("tokens-*.npz", "imdb-*.npz")  # what older versions left here
_ABANDONED = 3600  # seconds after which a file that is being written is one of a process that was killed


def load(name, key, form, most):
    """The arrays that were saved under this name and key: dict of str to array, or None.

    form: dict of name to dtype, as they were saved. most: bytes of a file; no larger one is read. Until all of it has
    been verified, it takes no more memory than the file has bytes.
    """
    form = {name: np.dtype(dtype) for name, dtype in form.items()}
    try:
        with open_regular(_folder() / name, getattr(os, "O_NOFOLLOW", 0)) as file:
            found = os.fstat(file.fileno())
            if not is_private(found) or found.st_size > most:
                return None
            seal, lengths = file.read(_SEAL), file.read(8 * len(form))
            counts = struct.unpack(f"<{len(form)}Q", lengths)
            sizes = [count * dtype.itemsize for count, dtype in zip(counts, form.values())]
            if found.st_size != _SEAL + len(lengths) + sum(sizes):
                return None
            digest = _digest(key, form, lengths)
            arrays = {name: np.empty(count, dtype) for count, (name, dtype) in zip(counts, form.items())}
            for array in arrays.values():
                file.readinto(array.view(np.uint8))
                digest.update(array)
            return arrays if digest.digest() == seal else None
    except (OSError, ValueError, struct.error, MemoryError):
        return None


def save(name, key, arrays, max_files=None):
    """Save a dict of (N,) arrays, readable by this user alone; another process reads all of it or nothing.

    max_files: of the files whose names are equal up to the first "-", only so many of the newest stay. A folder that
    cannot be written, or is not this user's, is no error: the arrays are computed again the next time.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    lengths = struct.pack(f"<{len(arrays)}Q", *map(len, arrays.values()))
    digest = _digest(key, {name: array.dtype for name, array in arrays.items()}, lengths)
    with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as at_exit:
        folder = _folder(make=True)
        handle, temporary = tempfile.mkstemp(".part", f"{name}.", folder)
        at_exit.callback(Path(temporary).unlink, missing_ok=True)
        with open(handle, "wb") as file:
            for array in arrays.values():
                digest.update(array)
            file.writelines([digest.digest(), lengths, *arrays.values()])
        os.replace(temporary, folder / name)
        old = [file for pattern in _FORMER for file in folder.glob(pattern)]
        began = time.time() - _ABANDONED
        old += [file for file in folder.glob(f"*{SUFFIX}.*.part") if file.lstat().st_mtime < began]
        if max_files is not None:
            alike = [file for file in folder.glob(f"{name.partition('-')[0]}-*") if not file.is_dir()]
            old += sorted(alike, key=lambda file: file.lstat().st_mtime_ns)[:-max_files]
        for file in old:
            file.unlink(missing_ok=True)


def _folder(make=False):
    """`derived_folder()`, which no other user can enter: the mode is set, if it is this user's. OSError where it is
    not, or cannot be made, or is another thing, such as a link to elsewhere.
    """
    folder = derived_folder()
    if make:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if os.name != "nt" and stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
        folder.chmod(0o700)
        found = folder.lstat()
    if not (stat.S_ISDIR(found.st_mode) and is_private(found)):
        raise NotADirectoryError(folder)
    return folder


def _digest(key, form, lengths):
    """A sha256 that knows what the arrays are, without the arrays."""
    names = " ".join(f"{name} {dtype.str}" for name, dtype in form.items())
    return hashlib.sha256(f"{_LAYOUT}\n{key}\n{names}\n".encode() + lengths)


def pack(texts):
    """Texts as arrays: their UTF-8 one after the other (B,) uint8, and where each starts and ends (N + 1,) int64.

    texts: iterable of str (lone surrogates are allowed), or of bytes that are UTF-8 already.
    """
    encoded = [text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(list(map(len, encoded)), out=offsets[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets


def unpack(flat, offsets):
    """The inverse of `pack`: list of N str. ValueError for arrays that `pack` did not make."""
    check_offsets(offsets, len(flat))
    content = memoryview(np.ascontiguousarray(flat, dtype=np.uint8))
    return [str(content[start:end], "utf-8", "surrogatepass") for start, end in itertools.pairwise(offsets.tolist())]


def check_offsets(offsets, length):
    """Raise a ValueError unless offsets (N + 1,) int64 rise from 0 to the length of the flat array that they divide."""
    good = offsets.ndim == 1 and offsets.dtype == np.int64 and len(offsets) > 0
    if not (good and offsets[0] == 0 and offsets[-1] == length and (np.diff(offsets) >= 0).all()):
        raise ValueError(f"offsets: expected rising int64 from 0 to {length}, got others")
