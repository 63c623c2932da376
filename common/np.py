"""The book's `from common.np import *`: brings `np`, and `GPU`, by which its readers ask which of the two it is.

`np` is NumPy, or CuPy where `common.config.GPU` is true. The layers themselves need no switch: they ask NumPy,
and NumPy's functions hand arrays of another kind to the library that these come from.
"""

import numpy

from common import config

GPU = config.GPU
if GPU:
    import cupy as np
else:
    import numpy as np

__all__ = ["GPU", "np"]


def to_cpu(x):
    """x as a NumPy array; x itself if it is one, or None."""
    if x is None:
        return None
    return x.get() if hasattr(x, "get") and not isinstance(x, numpy.ndarray) else numpy.asarray(x)


def to_device_of(weights, x):
    """x, an array or a tuple or dict of them, on the GPU if the first of a list of weights is there; else itself."""
    if not weights or isinstance(weights[0], numpy.ndarray):
        return x
    if isinstance(x, dict):
        return {name: to_device_of(weights, part) for name, part in x.items()}
    if isinstance(x, tuple):
        return getattr(x, "_make", tuple)(to_device_of(weights, part) for part in x)
    return numpy.asarray(x, like=weights[0])


def what_a_gpu_lacks():
    """A line on what is missing here for `to_gpu`, or None."""
    try:
        import cupy
    except ImportError as error:
        return f"CuPy (pip install 'sentifish[gpu]'), got: {' '.join(str(error).split())[:200]}"
    return None if cupy.cuda.is_available() else "a GPU that CUDA finds, got none"


def to_gpu(x):
    """x as a CuPy array. ImportError where CuPy is not installed."""
    import cupy

    return cupy.asarray(x)
