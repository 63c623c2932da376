"""Reads the parameter files that the book's own code wrote: a pickled list of NumPy arrays; and chooses between such a
file and ours.

A pickle can run arbitrary code on loading. This reader admits only the names that such a list consists of; every other
name, and anything but a list of number arrays, is a CheckpointError.
"""

import os
import pickle
import re
import sys

import numpy as np

from common.files.checkpoint import CheckpointError, MissingCheckpointError

_CORE = "numpy._core" if int(np.__version__.split(".")[0]) >= 2 else "numpy.core"  # a pickle may have the other name
_ADMITTED = {"numpy.ndarray", "numpy.dtype", "_codecs.encode"}
_ADMITTED |= {f"{_CORE}.multiarray._reconstruct", f"{_CORE}.numeric._frombuffer"}  # the second in protocol 5


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        here = re.sub(r"^numpy\._?core\b", _CORE, module)
        if f"{here}.{name}" not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(here, name)


def params_file(file_name, class_name):
    """The file that `load_params(file_name)` reads: X.npz, which `save_params()` writes, in place of an X.pkl that is
    older or missing; without a name the newer of ClassName.npz and ClassName.pkl. Where one is read in place of
    another, a line on stderr names both.
    """
    named = f"{class_name}.npz" if file_name is None else os.fspath(file_name)
    if not isinstance(named, str) or (file_name is not None and not named.endswith(".pkl")):
        return named
    other = named[:-4] + (".pkl" if file_name is None else ".npz")
    if not os.path.exists(other):
        return named
    missing = not os.path.exists(named)
    later = 0 if missing else os.stat(named).st_mtime_ns - os.stat(other).st_mtime_ns
    if not missing and later >= 0:
        chosen, why = named, f"{'newer' if later else 'not older'} than {other}"
    else:
        chosen, why = other, f"there is no {named}" if missing else f"newer than {named}"
    if sys.stderr is not None and not (missing and file_name is None):
        print(f"load_params: reading {chosen} ({why})", file=sys.stderr)
    return chosen


def read_book_params(path):
    """The list of arrays in a pickle file; None if the file is no pickle but a .npz. CheckpointError for anything else,
    MissingCheckpointError where there is no file.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            raise OSError("a pipe or a device")  # whoever opens one may wait for ever
        with open(path, "rb") as file:
            if file.read(2) == b"PK":
                return None
            file.seek(0)
            params = _ArraysOnly(file).load()
    except OSError as error:
        kind = MissingCheckpointError if isinstance(error, FileNotFoundError) else CheckpointError
        raise kind(f"{path}: expected a parameter file, got {error.strerror or error}") from None
    except Exception as error:  # a damaged pickle may raise anything
        got = f"got a file that cannot be read as one ({error})"
        raise CheckpointError(f"{path}: expected a list of arrays, {got}") from None
    if not isinstance(params, list) or not all(isinstance(p, np.ndarray) and p.dtype.kind in "fiu" for p in params):
        raise CheckpointError(f"{path}: expected a list of number arrays, got something else")
    return params
