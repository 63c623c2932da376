"""What our layers share; whatever has `params`, `grads`, `forward` and `backward` is a layer without inheriting it."""

import numpy as np

from common.arrays.checks import check_weights


class WithGrads:
    """`grads`: made where they are first asked for, by `new_grads`; who only predicts needs no memory for them."""

    _grads = None

    @property
    def grads(self):
        """A gradient for each of `params`, in a list that stays the same."""
        if self._grads is None:
            self._grads = self.new_grads()
        return self._grads

    @grads.setter
    def grads(self, grads):
        """None: `new_grads` of what the params will be then."""
        self._grads = grads

    def new_grads(self):
        """Those of the layers that it is made of."""
        return [g for layer in self.layers for g in layer.grads]


def grads_are_made(layer):
    """Whether `layer.grads` is there, and need not be made first."""
    return not (isinstance(layer, WithGrads) and layer._grads is None)


class Layer(WithGrads):
    """weights: name=(array, shape), checked by `check_weights` and never copied; each gets a gradient of its shape."""

    param_names = ()
    cache = None  # what the last forward left for backward

    def __init__(self, **weights):
        check_weights(self, **weights)
        self.param_names = tuple(weights)
        self.params = [W for W, _ in weights.values()]

    def new_grads(self):
        """Zeros of the shapes of the params."""
        return [np.zeros(W.shape, W.dtype, like=W) for W in self.params]  # which the system maps when they are written

    def cached(self):
        """`cache`; ValueError where there is none."""
        if self.cache is None:
            raise ValueError(f"{type(self).__name__}: backward: expected a forward before it, outside inference mode")
        return self.cache
