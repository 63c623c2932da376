"""Nets whose weights will come out of a file: with these generators, initial values are not drawn.

The initializers (`common.arrays.initializers`) ask a generator of this kind for their arrays instead. In all else,
dropout above all, it is a Generator like any other.
"""

import numpy as np

_ONE_NUMBER = bytearray(16)  # of any dtype


class Unfilled(np.random.Generator):
    """Weights are zeros, which take no time, and memory only where they are written to."""

    @staticmethod
    def array(shape, dtype):
        return np.zeros(shape, dtype)


class ShapesOnly(Unfilled):
    """Weights take no memory at all, whatever their size: for a net of which the shapes alone are asked."""

    def spawn(self, n_children):
        return [self] * n_children

    @staticmethod
    def array(shape, dtype):
        return shape_only(shape, dtype)


def shape_only(shape, dtype):
    """An array of which all elements are one and the same number."""
    return np.ndarray(shape, dtype, buffer=_ONE_NUMBER, strides=(0,) * len(shape))


def unfilled(kind, seed=0):
    """A generator of the class Unfilled or ShapesOnly. seed: of what else it draws; None: of the system's choice."""
    return kind(np.random.PCG64(seed))
