"""A Transformer encoder, of layers that can be taken apart: each block is an attention and two Affine layers, both
with a residual connection.

    x = x + attention(norm(x)),  x = x + feed_forward(norm(x)),  and after the last block  y = norm(x)

Vaswani et al. 2017, with the norms before the layers, where they train without a long warm-up (Xiong et al. 2020).
"""

import math

import numpy as np

from common.arrays.checks import as_floats, as_mask, as_rng, as_sizes, float_dtype
from common.arrays.initializers import ones, xavier, zeros
from common.arrays.layer import Layer
from common.attention import MultiHeadAttention, PositionalEncoding
from common.functions import filled, relu
from common.layers import Affine, Dropout, LayerNorm
from common.pooling import pooling_by_name
from common.sequential import Sequential
from common.time_layers import TimeAffine


class Relu(Layer):
    """y = max(x, 0), element by element."""

    def forward(self, x):
        self.cache = relu(as_floats(self, "x", x, None, float_dtype(x)))
        return self.cache

    def backward(self, dout):
        y = self.cached()
        return as_floats(self, "dout", dout, y.shape, y.dtype) * (y > 0)


class Gelu(Layer):
    """y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, element by element. Hendrycks and Gimpel 2016."""

    def forward(self, x):
        x = as_floats(self, "x", x, None, float_dtype(x))
        near = np.clip(x, -100, 100)  # tanh is 1 long before that, and x^3 or x^2 may be too large for float32
        tanh = np.tanh(math.sqrt(2 / math.pi) * (near + 0.044715 * near**3))
        self.cache = x, near, tanh
        return x * (1 + tanh) / 2

    def backward(self, dout):
        x, near, tanh = self.cached()
        dout = as_floats(self, "dout", dout, x.shape, x.dtype)
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near**2)  # of the argument of tanh
        return dout * (1 + tanh + near * (1 - tanh**2) * slope) / 2


class Residual(Sequential):
    """y = x + layers(x), which leave the shape of x as it is; so its gradient comes through whole. He et al. 2016."""

    def forward(self, xs, mask=None):
        return xs + super().forward(xs, mask=mask)

    def backward(self, dout):
        return dout + super().backward(dout)


class TransformerBlock(Sequential):
    """Attention, then two Affine layers at every step. forward: xs (N, T, H), mask (N, T) bool or None -> (N, T, H),
    0 at the padding.

    size: H. num_heads: a divisor of it. inner_size: columns between the two Affine layers (default: 4 H). activation:
    class of the layer between them. dropout_ratio: the share dropped of the attention weights, and before each sum.
    rng: Generator, int or None. `attention`: its MultiHeadAttention.
    """

    def __init__(
        self, size, num_heads=1, inner_size=None, dropout_ratio=0.0, activation=Relu, rng=None, dtype=np.float32
    ):
        (size,) = as_sizes(self, size=size)
        (inner_size,) = as_sizes(self, inner_size=4 * size if inner_size is None else inner_size)
        weight_rng, attention_rng, *drop_rngs = as_rng("TransformerBlock", rng).spawn(4)

        def affine(n_in, n_out):
            return Affine(xavier(n_in, n_out, weight_rng, dtype), zeros((n_out,), weight_rng, dtype))

        weights = MultiHeadAttention.init_params(size, size, weight_rng, dtype)
        self.attention = MultiHeadAttention(*weights, num_heads, dropout_ratio, attention_rng)
        feed_forward = affine(size, inner_size), activation(), affine(inner_size, size)
        first_drop, second_drop = (Dropout(dropout_ratio, drop_rng) for drop_rng in drop_rngs)
        self.norm = layer_norm(size, dtype, weight_rng)
        attend = Residual(self.norm, self.attention, first_drop)
        feed = Residual(layer_norm(size, dtype, weight_rng), *feed_forward, second_drop)
        super().__init__(attend, feed)
        self.collect(attend=attend, feed=feed)

    def forward(self, xs, mask=None):
        gamma, _ = self.norm.params
        xs = as_floats(self, "xs", xs, ("N", "T", len(gamma)), gamma.dtype)
        self.mask = as_mask(self, mask, xs.shape[:2])
        return filled(super().forward(filled(xs, self.mask), mask=self.mask), self.mask)

    def backward(self, dout):
        normed, _ = self.norm.cached()
        dout = filled(as_floats(self, "dout", dout, normed.shape, normed.dtype), self.mask)
        return filled(super().backward(dout), self.mask)


class TransformerEncoder(Sequential):
    """An Affine layer, positions, blocks, a norm. forward: xs (N, T, D), mask (N, T) bool or None -> (N, T, H), 0 at
    the padding.

    wordvec_size: D. hidden_size: H. num_layers: how many blocks. num_heads: default: 4, or as many as divide H.
    dropout_between: the share dropped between two blocks. The others are those of `TransformerBlock`. `blocks`: list.
    """

    def __init__(
        self,
        wordvec_size,
        hidden_size,
        num_layers=1,
        num_heads=None,
        dropout_between=0.0,
        *,
        rng=None,
        dtype=np.float32,
        **of_block,
    ):
        sizes = {"wordvec_size": wordvec_size, "hidden_size": hidden_size, "num_layers": num_layers}
        wordvec_size, hidden_size, num_layers = as_sizes(self, **sizes)
        project_rng, *rngs = as_rng("TransformerEncoder", rng).spawn(1 + 2 * num_layers)
        W = xavier(wordvec_size, hidden_size, project_rng, dtype)
        num_heads = math.gcd(hidden_size, 4) if num_heads is None else num_heads
        self.blocks = [TransformerBlock(hidden_size, num_heads, rng=r, dtype=dtype, **of_block) for r in rngs[::2]]
        b = zeros((hidden_size,), project_rng, dtype)
        layers = {"project": TimeAffine(W, b), "positions": PositionalEncoding()}
        for i, (block, drop_rng) in enumerate(zip(self.blocks, rngs[1::2])):
            layers |= {f"drop{i}": Dropout(dropout_between, drop_rng)} if i else {}
            layers[f"block{i}"] = block
        self.norm = layers["norm"] = layer_norm(hidden_size, dtype, project_rng)
        super().__init__(*layers.values())
        self.collect(**layers)

    def forward(self, xs, mask=None):
        hs = super().forward(xs, mask=mask)  # (N, T, D) -> (N, T, H)
        self.mask = as_mask(self, mask, hs.shape[:2])
        return filled(hs, self.mask)

    def backward(self, dout):
        normed, _ = self.norm.cached()
        return super().backward(filled(as_floats(self, "dout", dout, normed.shape, normed.dtype), self.mask))


class TransformerPooled(Sequential):
    """A vector for each text: a TransformerEncoder, then pooling. forward: xs (N, T, D), mask (N, T) -> (N, K).

    wordvec_size: D. hidden_size: H. num_layers: how many blocks. pool: a name of `common.pooling.POOLS`. dropout: the
    share dropped between two blocks. `size`: K.
    """

    def __init__(self, wordvec_size, hidden_size, num_layers=1, pool="max", dropout=0.0, rng=None, dtype=np.float32):
        (hidden_size,) = as_sizes(self, hidden_size=hidden_size)
        encoder_rng, pool_rng = as_rng("TransformerPooled", rng).spawn(2)
        how = {"dropout_between": dropout, "rng": encoder_rng, "dtype": dtype}
        self.encoder = TransformerEncoder(wordvec_size, hidden_size, num_layers, **how)
        self.pool = pooling_by_name(pool, hidden_size, rng=pool_rng, dtype=dtype)
        super().__init__(self.encoder, self.pool)
        self.collect(encoder=self.encoder, pool=self.pool)
        self.size = hidden_size * (2 if pool in ("first-last", "max-mean") else 1)

    def forward(self, xs, mask=None):
        return super().forward(xs, mask=mask)


def layer_norm(size, dtype=np.float32, rng=None):
    """A LayerNorm of `size` columns to start from: mean 0, variance 1. rng: as of `initializers.zeros`."""
    return LayerNorm(ones((size,), rng, dtype), zeros((size,), rng, dtype))
