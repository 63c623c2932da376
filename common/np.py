"""The book's `from common.np import *`: brings `np`, and `GPU`, by which its readers ask which of the two it is.

`np` is NumPy, or CuPy where `common.config.GPU` is true. The layers themselves need no switch: they ask NumPy,
and NumPy's functions hand arrays of another kind to the library that these come from.
"""

from common import config

GPU = config.GPU
if GPU:
    import cupy as np
else:
    import numpy as np

__all__ = ["GPU", "np"]
