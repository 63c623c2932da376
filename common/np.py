"""The book's `from common.np import *`: brings `np` and nothing else.

`np` is NumPy, or CuPy where `common.config.GPU` is true. The layers themselves need no switch: they ask NumPy,
and NumPy's functions hand arrays of another kind to the library that these come from.
"""

from common import config

if config.GPU:
    import cupy as np
else:
    import numpy as np

__all__ = ["np"]
