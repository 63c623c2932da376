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
    """x as a NumPy array; x itself if it is one."""
    return x.get() if hasattr(x, "get") and not isinstance(x, numpy.ndarray) else numpy.asarray(x)


def to_gpu(x):
    """x as a CuPy array. ImportError where CuPy is not installed."""
    import cupy

    return cupy.asarray(x)
