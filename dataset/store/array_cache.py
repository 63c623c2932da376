"""Arrays that take long to compute and can be computed again, one .npz file each, in `fetch.derived_folder()`.
Each file has the key of what it was computed from; a file that is damaged or has another key counts as missing."""

import contextlib
import itertools
import os
import tempfile
from pathlib import Path

import numpy as np

from dataset.errors import DataError
from dataset.store.fetch import derived_folder


def load(name, key):
    """The arrays that were saved under this name and key: dict of str to array, or None."""
    try:
        # Opened here: np.load leaves a file of its own open if it is no .npz file.
        with open(derived_folder() / name, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
            return arrays if str(arrays.pop("key")) == key else None
    except Exception:  # np.load hands a header to Python's own parser, which raises what its version raises
        return None


def save(name, key, arrays, max_files=None):
    """Save a dict of arrays, readable by this user alone; another process reads all of it or nothing.

    max_files: of the files whose names are equal up to the first "-", only so many of the newest stay. A folder that
    cannot be written is no error: the arrays are computed again the next time.
    """
    with contextlib.suppress(OSError, DataError), contextlib.ExitStack() as at_exit:
        folder = derived_folder()
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(".part", f"{name}.", folder)
        at_exit.callback(Path(temporary).unlink, missing_ok=True)
        with open(handle, "wb") as file:
            np.savez(file, **arrays, key=np.array(key))
        os.replace(temporary, folder / name)
        if max_files is not None:
            alike = sorted(folder.glob(f"{name.partition('-')[0]}-*"), key=lambda file: file.stat().st_mtime_ns)
            for old in alike[:-max_files]:
                old.unlink()


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
