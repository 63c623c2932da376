"""Reads the parameter files that the book's own code wrote: a pickled list of NumPy arrays.

A pickle can run arbitrary code on loading. This reader admits only the names that such a list consists of; every other
name, and anything but a list of number arrays, is a CheckpointError.
"""

import pickle

import numpy as np

from common.files.checkpoint import CheckpointError

_ADMITTED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),  # protocol 5
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        old, new = ("numpy.core", "numpy._core") if _NEW_NUMPY else ("numpy._core", "numpy.core")
        return super().find_class(module.replace(old, new), name)


_NEW_NUMPY = int(np.__version__.split(".")[0]) >= 2  # where numpy.core is a warning


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
        raise CheckpointError(
            f"{path}: expected a list of arrays, got a file that cannot be read as one ({error})"
        ) from None
    if not isinstance(params, list) or not all(isinstance(p, np.ndarray) and p.dtype.kind in "fiu" for p in params):
        raise CheckpointError(f"{path}: expected a list of number arrays, got something else")
    return params
