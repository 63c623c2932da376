"""Reads the parameter files that the book's own code wrote: a pickled list of NumPy arrays.

A pickle can run arbitrary code on loading. This reader admits only the names that such a list consists of; every other
name, and anything but a list of number arrays, is a CheckpointError.
"""

import pickle
import re

import numpy as np

from common.files.checkpoint import CheckpointError

_CORE = "numpy._core" if int(np.__version__.split(".")[0]) >= 2 else "numpy.core"  # a pickle may have the other name
_ADMITTED = {"numpy.ndarray", "numpy.dtype", "_codecs.encode"}
_ADMITTED |= {f"{_CORE}.multiarray._reconstruct", f"{_CORE}.numeric._frombuffer"}  # the second in protocol 5


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        here = re.sub(r"^numpy\._?core\b", _CORE, module)
        if f"{here}.{name}" not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(here, name)


def read_book_params(path):
    """The list of arrays in a pickle file; None if the file is no pickle but a .npz. Raises CheckpointError."""
    try:
        with open(path, "rb") as file:
            if file.read(2) == b"PK":
                return None
            file.seek(0)
            params = _ArraysOnly(file).load()
    except OSError as error:
        raise CheckpointError(f"{path}: expected a parameter file, got {error.strerror or error}") from None
    except Exception as error:  # a damaged pickle may raise anything
        got = f"got a file that cannot be read as one ({error})"
        raise CheckpointError(f"{path}: expected a list of arrays, {got}") from None
    if not isinstance(params, list) or not all(isinstance(p, np.ndarray) and p.dtype.kind in "fiu" for p in params):
        raise CheckpointError(f"{path}: expected a list of number arrays, got something else")
    return params
