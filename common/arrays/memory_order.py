"""The order in which an array's axes stand in memory.

A sequence of shape (N, T, H) that comes from a recurrent layer stands in memory as (T, H, N): that is how the layer
worked on it, and turning it round costs more than reading it. Who makes an array like another one, a gradient above
all, therefore makes it in the same order, so that nothing is turned on the way back either.
"""

import math


def memory_order(a):
    """The axes of `a`, from the one with the longest way between two neighbours to the one with the shortest."""
    return tuple(sorted(range(a.ndim), key=lambda axis: -abs(a.strides[axis])))


def new_array(make, shape, order, dtype, like):
    """A new array of `shape` whose axes stand in memory in `order`. make: np.empty or np.zeros. like: of which kind."""
    flat = make(math.prod(shape), dtype, like=like)
    return flat.reshape([shape[axis] for axis in order]).transpose([order.index(axis) for axis in range(len(shape))])
