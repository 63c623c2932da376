"""Attention: what to read, of a sequence, at each step (book, chapter 8), and how a step is told its position.

Every score of a step for each step of what it reads; softmax of the scores over the real ones; the sum of these, each
times its weight. A masked step has weight 0 and gets no gradient; where nothing real can be read the result is 0.
"""

import functools
import math

import numpy as np

from common.arrays.checks import as_floats, as_mask, as_number, as_rng, as_sizes, check_weights, float_dtype
from common.arrays.initializers import xavier, zeros
from common.arrays.layer import Layer, WithGrads
from common.functions import filled
from common.layers import Affine, Dropout


class Attention(Layer):
    """For each step of the decoder the sum of the encoder's states, weighted by their products with its own.

        score = hs_dec hs_enc^T,  a = softmax(score) over the real steps of the encoder,  context = a hs_enc

    forward: hs_enc (N, S, H), hs_dec (N, T, H), mask (N, S) bool or None: the real steps of the encoder -> (N, T, H).
    backward: dout (N, T, H) -> dhs_enc, dhs_dec. After forward `attention_weight` (N, T, S) holds a: 0 at the padding,
    rows that add to 1. While `inference` is true, nothing is cached for backward. Book, chapter 8; Luong et al. 2015.
    """

    inference = False

    def __init__(self):
        super().__init__()
        self.attention_weight = None

    def forward(self, hs_enc, hs_dec, mask=None):
        hs_enc = as_floats(self, "hs_enc", hs_enc, ("N", "S", "H"), np.result_type(float_dtype(hs_enc), np.float32))
        N, S, H = hs_enc.shape
        check_steps(self, "hs_enc", hs_enc)
        hs_dec = as_floats(self, "hs_dec", hs_dec, (N, "T", H), hs_enc.dtype)
        mask = as_mask(self, mask, (N, S))
        hs_enc, hs_dec = in_rows(hs_enc, mask), in_rows(hs_dec)
        score = np.matmul(hs_dec, hs_enc.transpose(0, 2, 1))  # (N, T, H) @ (N, H, S) -> (N, T, S)
        self.attention_weight = masked_softmax(score, None if mask is None else mask[:, None])
        self.cache = None if self.inference else (hs_enc, hs_dec)
        return np.matmul(self.attention_weight, hs_enc)  # (N, T, S) @ (N, S, H) -> (N, T, H)

    def backward(self, dout):
        hs_enc, hs_dec = self.cached()
        a = self.attention_weight
        dout = in_rows(as_floats(self, "dout", dout, hs_dec.shape, hs_enc.dtype))
        da = np.matmul(dout, hs_enc.transpose(0, 2, 1))  # (N, T, H) @ (N, H, S) -> (N, T, S)
        dscore = through_softmax(a, da)
        dhs_enc = np.matmul(a.transpose(0, 2, 1), dout)  # (N, S, T) @ (N, T, H) -> (N, S, H)
        dhs_enc += np.matmul(dscore.transpose(0, 2, 1), hs_dec)
        return dhs_enc, np.matmul(dscore, hs_enc)  # (N, T, S) @ (N, S, H) -> (N, T, H)


class MultiHeadAttention(Layer):
    """Several attentions side by side, each over its own block of columns. Vaswani et al. 2017, section 3.2.2.

        q = x W_q + b_q,  k = m W_k + b_k,  v = m W_v + b_v,  each split into num_heads blocks of d columns
        a = softmax(q k^T / sqrt(d)) over the real steps of m,  y = (a v of all heads, concatenated) W_o + b_o

    where m is x itself or a `memory` (cross-attention). W_q: (D, H), W_k, W_v: (M, H), W_o: (H, K), b_q, b_k, b_v:
    (H,), b_o: (K,); without a memory M = D. num_heads divides H. dropout_ratio: the share of a that is dropped while
    training; rng: Generator, int or None.

    forward: xs (N, T, D), mask (N, T) bool or None -> (N, T, K), 0 at the padding. causal: step t reads no step after
    t. memory (N, S, M), memory_mask (N, S): what is read instead of xs. backward: dout (N, T, K) -> dxs, or dxs and
    dmemory. After forward `attention_weight` (N, num_heads, T, S) holds a, before its dropout; 0 at the padding.
    While `inference` is true, nothing is cached for backward.
    """

    inference = False
    param_names = ("W_q", "b_q", "W_k", "b_k", "W_v", "b_v", "W_o", "b_o")

    def __init__(self, W_q, b_q, W_k, b_k, W_v, b_v, W_o, b_o, num_heads=1, dropout_ratio=0.0, rng=None):
        check_weights(
            self,
            **{"W_q": (W_q, ("D", "H")), "b_q": (b_q, ("H",)), "W_k": (W_k, ("M", "H")), "b_k": (b_k, ("H",))},
            **{"W_v": (W_v, ("M", "H")), "b_v": (b_v, ("H",)), "W_o": (W_o, ("H", "K")), "b_o": (b_o, ("K",))},
        )
        self.num_heads = as_number(self, "num_heads", num_heads, least=1, whole=True)
        if len(b_q) % self.num_heads:
            expected = f"num_heads to divide the {len(b_q)} columns of W_q"
            raise ValueError(f"MultiHeadAttention: expected {expected}, got {num_heads}")
        self.query, self.key, self.value, self.output = (
            Affine(W_q, b_q),
            Affine(W_k, b_k),
            Affine(W_v, b_v),
            Affine(W_o, b_o),
        )
        self.dropout = Dropout(dropout_ratio, rng)
        self.layers = [self.query, self.key, self.value, self.output, self.dropout]
        self.params = [p for layer in self.layers for p in layer.params]
        self.attention_weight = None

    new_grads = WithGrads.new_grads

    @classmethod
    def init_params(cls, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        """The weights to start from, D = M = wordvec_size, H = K = hidden_size: Xavier, biases 0. rng: as elsewhere."""
        sizes = {"wordvec_size": wordvec_size, "hidden_size": hidden_size}
        wordvec_size, hidden_size = as_sizes(cls.__name__, **sizes)
        rng, sizes = as_rng(cls.__name__, rng), [wordvec_size] * 3 + [hidden_size]
        return tuple(w for n in sizes for w in (xavier(n, hidden_size, rng, dtype), zeros((hidden_size,), rng, dtype)))

    def forward(self, xs, mask=None, causal=False, memory=None, memory_mask=None):
        xs = as_floats(self, "xs", xs, ("N", "T", len(self.params[0])), self.params[0].dtype)
        mask = as_mask(self, mask, xs.shape[:2])
        xs = in_rows(xs, mask)
        read, read_mask = self._what_is_read(xs, mask, causal, memory, memory_mask)
        q, k, v = self.query.forward(xs), self.key.forward(read), self.value.forward(read)  # (N, T, H), 2 (N, S, H)
        q *= 1 / math.sqrt(q.shape[2] // self.num_heads)
        q, k, v = map(self._heads, (q, k, v))
        score = np.matmul(q, k.transpose(0, 1, 3, 2))  # (N, heads, T, d) @ (N, heads, d, S) -> (N, heads, T, S)
        self.attention_weight = masked_softmax(score, _may_read(score, mask, read_mask, causal))
        drops = self.dropout.train_flg and self.dropout.dropout_ratio > 0
        a = self.dropout.forward(self.attention_weight) if drops else self.attention_weight
        context = self._product(a, v)  # (N, heads, T, S) @ (N, heads, S, d) -> (N, T, H)
        self.cache = None if self.inference else (q, k, v, a, context, mask, drops, memory is not None)
        return filled(self.output.forward(context), mask)  # (N, T, H) @ (H, K) -> (N, T, K)

    def backward(self, dout):
        q, k, v, a, context, mask, drops, has_memory = self.cached()
        N, _, T, _ = q.shape
        W_o = self.output.params[0]
        dout = in_rows(as_floats(self, "dout", dout, (N, T, W_o.shape[1]), W_o.dtype), mask)
        dcontext = self._heads(self.output.backward(dout))  # (N, T, K) -> (N, T, H) -> (N, heads, T, d)
        dscore = np.matmul(dcontext, v.transpose(0, 1, 3, 2))  # (N, heads, T, d) @ (N, heads, d, S): that of a
        dscore = self.dropout.backward(dscore) if drops else dscore
        # Through softmax: a (da - sum(a da)), where the sum over S is that of context dcontext over d, a shorter one.
        dscore -= (self._heads(context) * dcontext).sum(axis=3, keepdims=True)
        dscore *= self.attention_weight
        dq = self._product(dscore, k)  # (N, heads, T, S) @ (N, heads, S, d) -> (N, T, H)
        dq *= 1 / math.sqrt(q.shape[3])
        dk = self._product(dscore.transpose(0, 1, 3, 2), q)  # (N, heads, S, T) @ (N, heads, T, d) -> (N, S, H)
        dv = self._product(a.transpose(0, 1, 3, 2), dcontext)
        dxs, dread = self.query.backward(dq), self.key.backward(dk)
        dread += self.value.backward(dv)
        return (dxs, dread) if has_memory else dxs + dread

    def _what_is_read(self, xs, mask, causal, memory, memory_mask):
        """-> xs and mask or, where there is one, the memory (N, S, M), 0 at its padding, and memory_mask."""
        name, W_k = ("xs" if memory is None else "memory"), self.key.params[0]
        read = as_floats(self, name, xs if memory is None else memory, (len(xs), "S", len(W_k)), W_k.dtype)
        check_steps(self, name, read)
        if memory is None and memory_mask is not None:
            raise ValueError("MultiHeadAttention: memory_mask: expected a memory beside it, got none")
        if memory is None:
            return xs, mask
        if causal:
            raise ValueError("MultiHeadAttention: causal: expected no memory beside it, got one")
        memory_mask = as_mask(self, memory_mask, read.shape[:2])
        return in_rows(read, memory_mask), memory_mask

    def _heads(self, x):
        """(N, T, H) -> a view (N, heads, T, d)."""
        N, T, H = x.shape
        return x.reshape(N, T, self.num_heads, H // self.num_heads).transpose(0, 2, 1, 3)

    def _product(self, a, b):
        """a @ b of each head, (N, heads, T, S) @ (N, heads, S, d) -> (N, T, H), the heads beside each other."""
        N, heads, T, _ = a.shape
        y = np.empty((N, T, heads * b.shape[3]), b.dtype, like=b)
        np.matmul(a, b, out=self._heads(y))
        return y


class PositionalEncoding(Layer):
    """Adds to every step what tells it from the others: sines of its position. Vaswani et al. 2017, section 3.5.

        y[t, 2i] = x[t, 2i] + sin(t / 10000^(2i / D)),  y[t, 2i + 1] = x[t, 2i + 1] + cos(the same)

    forward: xs (N, T, D), mask (N, T) bool or None -> (N, T, D), 0 at the padding. Without weights: T is not limited.
    """

    def forward(self, xs, mask=None):
        xs = as_floats(self, "xs", xs, ("N", "T", "D"), np.result_type(float_dtype(xs), np.float32))
        mask = as_mask(self, mask, xs.shape[:2])
        self.cache = xs.shape, mask
        return filled(filled(xs, mask) + sinusoids(*xs.shape[1:], like=xs), mask)

    def backward(self, dout):
        shape, mask = self.cached()
        return np.copy(filled(as_floats(self, "dout", dout, shape, float_dtype(dout)), mask))


class PositionalEmbedding(Layer):
    """Adds to every step a learned vector of its position. Gehring et al. 2017.

    W: (L, D), for texts of up to L steps. forward: xs (N, T, D), mask (N, T) bool or None -> (N, T, D), 0 at the
    padding.
    """

    def __init__(self, W):
        super().__init__(W=(W, ("L", "D")))

    def forward(self, xs, mask=None):
        (W,) = self.params
        xs = as_floats(self, "xs", xs, ("N", "T", W.shape[1]), W.dtype)
        if xs.shape[1] > len(W):
            raise ValueError(f"PositionalEmbedding: xs: expected at most {len(W)} steps, got {xs.shape[1]}")
        mask = as_mask(self, mask, xs.shape[:2])
        self.cache = xs.shape, mask
        return filled(filled(xs, mask) + W[: xs.shape[1]], mask)

    def backward(self, dout):
        (dW,) = self.grads
        shape, mask = self.cached()
        dxs = np.copy(filled(as_floats(self, "dout", dout, shape, dW.dtype), mask))
        dW[...] = 0
        dW[: shape[1]] = dxs.sum(axis=0)  # (N, T, D) -> (T, D)
        return dxs


def sinusoids(T, D, like):
    """(T, D) of the dtype and kind of `like`: in column 2i the sine, in 2i + 1 the cosine of t / 10000^(2i / D)."""
    t, column = np.arange(T, like=like)[:, None], np.arange(D, like=like)
    angle = t / 10_000.0 ** ((column - column % 2) / D)
    return np.sin(angle + column % 2 * (math.pi / 2)).astype(like.dtype)  # cos(x) = sin(x + pi / 2)


def _may_read(score, mask, read_mask, causal):
    """Which step reads which: bools to be broadcast to score (N, heads, T, S), or None where each reads all."""
    rules = [] if mask is None else [mask[:, None, :, None]]  # (N, T) -> (N, 1, T, 1)
    rules += [] if read_mask is None else [read_mask[:, None, None, :]]  # (N, S) -> (N, 1, 1, S)
    if causal:
        t = np.arange(score.shape[2], like=score)
        rules.append(t[:, None] >= t)  # (T, S)
    return functools.reduce(np.logical_and, rules) if rules else None


def masked_softmax(score, real=None):
    """softmax(score) along the last axis over the places where `real`, which broadcasts, is true; 0 at the others.

    In the memory of `score`, which is the largest array there is.
    """
    if real is not None:
        np.copyto(score, -np.inf, where=~real)
    score -= np.maximum(score.max(axis=-1, keepdims=True), np.finfo(score.dtype).min)  # finite where nothing is real
    a = np.exp(score, out=score)
    a /= np.maximum(a.sum(axis=-1, keepdims=True), 1)  # a sum is 1 or more, since e^0 = 1 at the top; or it is 0
    return a


def through_softmax(a, da):
    """The gradient of the scores, from that of a = softmax(scores) along the last axis."""
    dscore = a * da
    dscore -= a * dscore.sum(axis=-1, keepdims=True)
    return dscore


def in_rows(xs, mask=None):
    """xs (N, T, H) in C order, so that BLAS takes its matrices as they are; 0 where mask (N, T) is False."""
    if mask is not None:
        return np.where(mask[:, :, None], xs, 0)
    return xs if xs.flags.c_contiguous else np.copy(xs, order="C")


def check_steps(layer, name, xs):
    """ValueError where xs (N, T, ...) has no steps at all to read."""
    if xs.shape[1] == 0:
        raise ValueError(f"{type(layer).__name__}: {name}: expected at least one step, got shape {xs.shape}")
