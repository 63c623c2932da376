"""A Transformer encoder, in layers that can be taken apart: attention and two Affine layers, each beside a way round.

    x = x + attention(norm(x)),  x = x + feed_forward(norm(x)),  once for each block

Vaswani et al. 2017, with the norms before the layers, where they train without a warm-up (Xiong et al. 2020).
"""

import math

import numpy as np

from common.arrays.checks import as_floats, as_mask, as_number, as_rng, float_dtype
from common.arrays.initializers import xavier
from common.arrays.layer import Layer
from common.attention import MultiHeadAttention, PositionalEncoding
from common.functions import filled, relu
from common.layers import Affine, Dropout, LayerNorm
from common.sequential import Sequential
from common.time_layers import TimeAffine


class Relu(Layer):
    """y = max(x, 0), element by element."""

    def forward(self, x):
        self.cache = relu(as_floats(self, "x", x, np.shape(x), float_dtype(x)))
        return self.cache

    def backward(self, dout):
        y = self.cached()
        return as_floats(self, "dout", dout, y.shape, y.dtype) * (y > 0)


class Gelu(Layer):
    """y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, element by element. Hendrycks and Gimpel 2016."""

    def forward(self, x):
        x = as_floats(self, "x", x, np.shape(x), float_dtype(x))
        tanh = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        self.cache = x, tanh
        return x * (1 + tanh) / 2

    def backward(self, dout):
        x, tanh = self.cached()
        dout = as_floats(self, "dout", dout, x.shape, x.dtype)
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)  # of the argument of tanh
        return dout * (1 + tanh + x * (1 - tanh**2) * slope) / 2


class Residual(Sequential):
    """y = x + layers(x): a row of layers, and a way round them on which a gradient comes through unchanged."""

    def forward(self, xs, mask=None):
        return xs + super().forward(xs, mask=mask)

    def backward(self, dout):
        return dout + super().backward(dout)


class TransformerBlock(Sequential):
    """Attention, then at every step two Affine layers. forward: xs (N, T, H), mask (N, T) bool or None -> (N, T, H).

    size: H. num_heads: a divisor of it. inner_size: columns between the two Affine layers (default: 4 H). activation:
    the layer between them. dropout_ratio: the share dropped of the attention weights, and before each sum. `attention`:
    the MultiHeadAttention.
    """

    def __init__(self, size, num_heads=1, inner_size=None, dropout_ratio=0.0, activation=Relu, rng=None, dtype=np.float32):
        inner_size = 4 * size if inner_size is None else inner_size
        weight_rng, attention_rng, *drop_rngs = as_rng("TransformerBlock", rng).spawn(4)

        def affine(n_in, n_out):
            return Affine(xavier(n_in, n_out, weight_rng, dtype), np.zeros(n_out, dtype))

        weights = MultiHeadAttention.init_params(size, size, weight_rng, dtype)
        self.attention = MultiHeadAttention(*weights, num_heads, dropout_ratio, attention_rng)
        drops = [Dropout(dropout_ratio, drop_rng) for drop_rng in drop_rngs]
        feed_forward = affine(size, inner_size), activation(), affine(inner_size, size)
        super().__init__(
            Residual(layer_norm(size, dtype), self.attention, drops[0]),
            Residual(layer_norm(size, dtype), *feed_forward, drops[1]),
        )


class TransformerEncoder(Sequential):
    """Vectors of D columns and their positions, through blocks. forward: xs (N, T, D), mask -> (N, T, H), 0 at the padding.

    wordvec_size: D. hidden_size: H. num_layers: how many blocks; the other arguments are those of `TransformerBlock`.
    num_heads: default: 4, or as many as divide H. `blocks`: the blocks.
    """

    def __init__(self, wordvec_size, hidden_size, num_layers=1, num_heads=None, inner_size=None, dropout_ratio=0.0, activation=Relu, rng=None, dtype=np.float32):
        num_heads = math.gcd(hidden_size, 4) if num_heads is None else num_heads
        project_rng, *block_rngs = as_rng("TransformerEncoder", rng).spawn(1 + num_layers)
        project = TimeAffine(xavier(wordvec_size, hidden_size, project_rng, dtype), np.zeros(hidden_size, dtype))
        how = hidden_size, num_heads, inner_size, dropout_ratio, activation
        self.blocks = [TransformerBlock(*how, block_rng, dtype) for block_rng in block_rngs]
        super().__init__(project, PositionalEncoding(), *self.blocks, layer_norm(hidden_size, dtype))

    def forward(self, xs, mask=None):
        hs = super().forward(xs, mask=mask)
        self.mask = as_mask(self, mask, hs.shape[:2])
        return filled(hs, self.mask)

    def backward(self, dout):
        gamma = self.layers[-1].params[0]
        dout = as_floats(self, "dout", dout, (*self.layers[-1].cached()[0].shape[:2], len(gamma)), gamma.dtype)
        return super().backward(filled(dout, self.mask))


def layer_norm(size, dtype=np.float32):
    """A LayerNorm of `size` columns to start from: mean 0, variance 1."""
    return LayerNorm(np.ones(size, dtype), np.zeros(size, dtype))
