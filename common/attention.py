"""Attention: what to read, of a sequence, at each step. Book, chapter 8.

Every score of a step for each step of what it reads; softmax of the scores over the real ones; the sum of these, each
times its weight. A masked step has weight 0 and gets no gradient; where nothing real can be read the result is 0.
"""

import numpy as np

from common.arrays.checks import as_floats, as_mask, float_dtype
from common.arrays.layer import Layer


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


def masked_softmax(score, real=None):
    """softmax(score) along the last axis over the places where `real`, which broadcasts, is true; 0 at the others."""
    if real is not None:
        score = np.where(real, score, -np.inf)
    top = np.maximum(score.max(axis=-1, keepdims=True), np.finfo(score.dtype).min)  # finite where nothing is real, too
    e = np.exp(score - top)
    return e / np.maximum(e.sum(axis=-1, keepdims=True), 1)  # a sum is 1 or more, since e is 1 at the top; or it is 0


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
