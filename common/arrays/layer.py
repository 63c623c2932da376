"""What our layers share; whatever has `params`, `grads`, `forward` and `backward` is a layer without inheriting it."""

import numpy as np

from common.arrays.checks import check_weights


class Layer:
    """weights: name=(array, shape), checked by `check_weights` and never copied; each gets a gradient of its shape."""

    param_names = ()
    cache = None  # what the last forward left for backward

    def __init__(self, **weights):
        check_weights(self, **weights)
        self.param_names = tuple(weights)
        self.params = [W for W, _ in weights.values()]
        self.grads = [np.zeros_like(W) for W in self.params]

    def cached(self):
        """`cache`; ValueError where there is none."""
        if self.cache is None:
            raise ValueError(f"{type(self).__name__}: backward: expected a forward before it, outside inference mode")
        return self.cache
