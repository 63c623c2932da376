"""Layers that act on every step alike, and the losses over sequences; also the book's address for all time layers.

Every sequence layer takes `forward(xs, mask=None)`: mask (N, T) bool, True where a real token stands. What stands in
the pads has no influence, and gradients there are exactly 0.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids, as_mask, float_dtype
from common.functions import filled, log_softmax, sigmoid, softmax
from common.layers import (
    Affine,
    Dropout,
    Embedding,
    MatMul,
    SigmoidWithLoss,
    Softmax,
    SoftmaxWithLoss,
    write_rows,
)
from common.recurrent.bidirectional import TimeBidirectional, TimeBiLSTM
from common.recurrent.gru import GRU, TimeGRU
from common.recurrent.lstm import LSTM, TimeLSTM
from common.recurrent.rnn import RNN, TimeRNN

__all__ = [  # what the book's module passes on, too: its chapters rely on `from common.time_layers import *`
    "GRU",
    "LSTM",
    "RNN",
    "Affine",
    "Dropout",
    "Embedding",
    "MatMul",
    "SigmoidWithLoss",
    "Simple_TimeAffine",
    "Simple_TimeSoftmaxWithLoss",
    "Softmax",
    "SoftmaxWithLoss",
    "TimeAffine",
    "TimeBiLSTM",
    "TimeBidirectional",
    "TimeDropout",
    "TimeEmbedding",
    "TimeGRU",
    "TimeLSTM",
    "TimeRNN",
    "TimeSigmoidWithLoss",
    "TimeSoftmaxWithLoss",
    "np",
    "sigmoid",
    "softmax",
]


class TimeEmbedding(Embedding):
    """Row of W for every id; a zero vector, and no gradient, at the pads.

    W: (V, D). forward: xs (N, T) ids, mask (N, T) bool or None -> (N, T, D).
    """

    def __init__(self, W):
        super().__init__(W)
        self.mask = None

    def forward(self, xs, mask=None):
        (W,) = self.params
        self.mask = as_mask(self, mask, np.shape(xs))
        self.idx = as_ids(self, "xs", xs, ("N", "T"), len(W), where=self.mask)
        out = W.take(self.idx, axis=0)  # (N, T) -> (N, T, D)
        if self.mask is not None and not self.mask.all():
            out[~self.mask] = 0
        return out

    def backward(self, dout):
        (W,), (dW,) = self.params, self.grads
        dout = as_floats(self, "dout", dout, (*self.idx.shape, W.shape[1]), W.dtype)
        write_rows(dW, self.idx, dout, self.mask)


class TimeAffine(Affine):
    """y = x W + b at every step; 0 at the pads. W: (D, K), b: (K,). forward: xs (N, T, D), mask -> (N, T, K)."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.mask = None

    def forward(self, xs, mask=None):
        xs = as_floats(self, "xs", xs, ("N", "T", len(self.params[0])), self.params[0].dtype)
        self.mask = as_mask(self, mask, xs.shape[:2])
        return filled(super().forward(filled(xs, self.mask)), self.mask)

    def backward(self, dout):
        dout = as_floats(self, "dout", dout, (*self.x.shape[:2], len(self.params[1])), self.params[1].dtype)
        return super().backward(filled(dout, self.mask))


class TimeDropout(Dropout):
    """Dropout at every step; 0 at the pads. forward: xs (N, T, D), mask -> (N, T, D). Attribute `train_flg`."""

    def __init__(self, dropout_ratio=0.5, rng=None):
        super().__init__(dropout_ratio, rng)
        self.mask = None

    def forward(self, xs, mask=None):
        self.mask = as_mask(self, mask, np.shape(xs)[:2])
        return super().forward(filled(xs, self.mask))

    def backward(self, dout):
        return filled(super().backward(dout), self.mask)


class TimeSoftmaxWithLoss:
    """Mean of -log softmax(xs) at the true class over all steps that count.

    forward: xs (N, T, V) logits, ts (N, T) class ids or (N, T, V) one-hot, mask (N, T) bool or None -> loss. A step
    with the label `ignore_label` does not count, nor does a masked one; if none counts the loss is 0.
    """

    param_names = ()

    def __init__(self):
        self.params, self.grads = [], []
        self.ignore_label = -1
        self.cache = None

    def forward(self, xs, ts, mask=None):
        xs = as_floats(self, "xs", xs, ("N", "T", "V"), np.result_type(float_dtype(xs), np.float32))
        mask = as_mask(self, mask, xs.shape[:2])
        if np.shape(ts) == xs.shape:
            ts = np.argmax(ts, axis=2)  # (N, T, V) -> (N, T)
        counts = np.not_equal(ts, self.ignore_label)
        counts = counts & mask if mask is not None and counts.shape == mask.shape else counts
        ids = as_ids(self, "ts", ts, xs.shape[:2], xs.shape[2], where=counts)
        real = np.flatnonzero(counts)
        log_y = log_softmax(xs.reshape(-1, xs.shape[2])[real])  # (N, T, V) -> (M, V): only the steps that count
        labels = ids.reshape(-1)[real]
        self.cache = log_y, labels, real, xs.shape
        return float(-log_y[np.arange(len(real)), labels].sum() / max(len(real), 1) + 0.0)  # + 0.0: no loss of -0.0

    def backward(self, dout=1):
        """-> dxs (N, T, V)."""
        log_y, labels, real, shape = self.cache
        dy = np.exp(log_y)
        dy[np.arange(len(real)), labels] -= 1
        dy *= float(dout) / max(len(real), 1)
        dxs = np.zeros(shape, dy.dtype, like=dy)
        dxs.reshape(-1, shape[2])[real] = dy
        return dxs


class TimeSigmoidWithLoss:
    """Mean binary cross-entropy of logits over all steps that count.

    forward: xs (N, T) logits, ts (N, T) labels 0 or 1, mask (N, T) bool or None -> loss; 0 if no step counts.
    """

    param_names = ()

    def __init__(self):
        self.params, self.grads = [], []
        self.cache = None

    def forward(self, xs, ts, mask=None):
        xs = as_floats(self, "xs", xs, ("N", "T"), np.result_type(float_dtype(xs), np.float32))
        mask = as_mask(self, mask, xs.shape)
        real = np.ones(xs.shape, bool, like=xs) if mask is None else mask
        ts = as_ids(self, "ts", ts, xs.shape, 2, where=mask)
        xs = filled(xs, mask)
        losses = np.maximum(xs, 0) - xs * ts + np.log1p(np.exp(-np.abs(xs)))
        count = max(int(real.sum()), 1)
        self.cache = xs, ts, mask, count
        return float((losses * real).sum()) / count

    def backward(self, dout=1):
        """-> dxs (N, T)."""
        xs, ts, mask, count = self.cache
        return filled((sigmoid(xs) - ts).astype(xs.dtype) * (float(dout) / count), mask)


Simple_TimeAffine = TimeAffine  # the book's names for its first, plainer forms
Simple_TimeSoftmaxWithLoss = TimeSoftmaxWithLoss
