"""The order in which an array's axes stand in memory.

A recurrent layer works on (T, H, N) and returns (N, T, H) with these strides: copying it into another order costs more
than reading it as it is. Gradients are allocated in the order of their array, so that nobody transposes them either.
"""

import math


def memory_order(a):
    """The axes of `a`, sorted by decreasing stride."""
    return tuple(sorted(range(a.ndim), key=lambda axis: -abs(a.strides[axis])))


def new_array(make, shape, order, dtype, like):
    """A new array of `shape` whose axes, sorted by decreasing stride, are `order`.

    make: np.empty or np.zeros. like: an array of the kind (NumPy, CuPy) to be made.
    """
    flat = make(math.prod(shape), dtype, like=like)
    return flat.reshape([shape[axis] for axis in order]).transpose([order.index(axis) for axis in range(len(shape))])
