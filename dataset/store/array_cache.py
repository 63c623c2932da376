"""Arrays that took long to make and can be made again, one .npz file each, in the folder of the fetched files.
Each file holds the key of what it was made from; whatever is wrong with one, it is as if it were not there."""

import contextlib
import itertools
import os
import tempfile

import numpy as np

from dataset.store.fetch import derived_folder

_KEY = "key"


def load(name, key):
    """The arrays that were saved under this name and key: dict of str to array; None where there are none, they are
    of another key, or the file is damaged (the zip format checks every byte).
    """
    try:
        # Opened here: np.load leaves a file of its own open where it turns out to be none of its kind.
        with open(derived_folder() / name, "rb") as file, np.load(file, allow_pickle=False) as stored:
            if str(stored[_KEY]) != key:
                return None
            return {part: stored[part] for part in stored.files if part != _KEY}
    except Exception:  # np.load hands a header to Python's own parser, which raises what its version raises
        return None


def save(name, key, arrays, keep=None):
    """Save a dict of arrays, to be read by this user alone, so that a reader finds all of it or nothing.

    keep: how many files of the same beginning (up to the first "-") may stand there afterwards; the oldest go.

    -> bool, whether it could be written: a cache that cannot is none, and no error.
    """
    temporary = None
    try:
        folder = derived_folder()
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(".part", f"{name}.", folder)
        with open(handle, "wb") as file:
            np.savez(file, **arrays, **{_KEY: np.array(key)})
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / name)
        temporary = None
        if keep is not None:
            alike = sorted(folder.glob(f"{name.partition('-')[0]}-*"), key=lambda file: file.stat().st_mtime_ns)
            for old in alike[:-keep]:
                old.unlink()
    except OSError:
        return False
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return True


def pack(texts):
    """Texts as arrays: bytes (B,) uint8, UTF-8 one after the other, and offsets (N + 1,) int64 of where each begins
    and ends. texts: iterable of str, or of bytes that are UTF-8 already. Lone surrogates pass.
    """
    encoded = [text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(list(map(len, encoded)), out=offsets[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets


def unpack(flat, offsets):
    """What `pack` took: list of N str. ValueError for arrays that `pack` did not make."""
    check_offsets(offsets, len(flat))
    content = memoryview(np.ascontiguousarray(flat, dtype=np.uint8))
    bounds = offsets.tolist()
    return [str(content[start:end], "utf-8", "surrogatepass") for start, end in itertools.pairwise(bounds)]


def check_offsets(offsets, length):
    """Raise a ValueError unless offsets (N + 1,) rise from 0 to the length of the flat array that they divide."""
    good = offsets.ndim == 1 and offsets.dtype == np.int64 and len(offsets) > 0
    if not (good and offsets[0] == 0 and offsets[-1] == length and (np.diff(offsets) >= 0).all()):
        raise ValueError(f"offsets: expected rising int64 from 0 to {length}, got others")
