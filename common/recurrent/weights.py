"""The weights of a recurrent layer: their shapes, and the values that a training starts from."""

import numpy as np

from common.arrays.initializers import gate_blocks, orthogonal, xavier
from common.arrays.layer import Layer


class RecurrentWeights(Layer):
    """Wx: (D, G H), Wh: (H, G H), b: (G H,), a block of columns for each of G = `gates`; of a step or of a sequence."""

    gates = 1
    states = ("h",)  # what goes from step to step: attributes (N, H)

    def __init__(self, Wx, Wh, b):
        columns = f"{self.gates}H"
        super().__init__(Wx=(Wx, ("D", columns)), Wh=(Wh, ("H", columns)), b=(b, self.bias_shape(b)))

    def bias_shape(self, b):
        return (f"{self.gates}H",)

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """Wx, Wh, b to start from: Xavier, orthogonal, zero, each gate by itself. rng: Generator, int or None."""
        rng = np.random.default_rng(rng)
        Wx = gate_blocks(xavier, cls.gates, wordvec_size, hidden_size, rng=rng, dtype=dtype)
        Wh = gate_blocks(orthogonal, cls.gates, hidden_size, rng=rng, dtype=dtype)
        return Wx, Wh, np.zeros(cls.gates * hidden_size, dtype)
