"""Layers that do the same at every step, and the losses over sequences; the book's address for all time layers.

Every sequence layer takes `forward(xs, mask=None)`: mask (N, T) bool, True where a real token stands. What stands in
the padding has no influence, and gradients there are exactly 0. The two `Simple_` forms, one layer for each step, are
for reading; the forms without that name do all steps at once and give the same.
"""

import numpy as np

from common.arrays.checks import as_array, as_floats, as_ids, as_mask, as_sample_weight, float_dtype
from common.arrays.layer import Layer
from common.functions import cross_entropy_error, filled, sigmoid, softmax
from common.layers import Affine, Dropout, Embedding, MatMul, Sigmoid, SigmoidWithLoss, Softmax, SoftmaxWithLoss
from common.np import GPU
from common.recurrent.bidirectional import TimeBidirectional, TimeBiLSTM
from common.recurrent.gru import GRU, TimeGRU
from common.recurrent.gru_reset_after import GRUResetAfter, TimeGRUResetAfter
from common.recurrent.lstm import LSTM, TimeLSTM
from common.recurrent.rnn import RNN, TimeRNN

# With what the book's module exports: its chapters rely on `from common.time_layers import *`.
__all__ = ["GRU", "LSTM", "RNN", "GRUResetAfter", "TimeGRU", "TimeGRUResetAfter", "TimeLSTM", "TimeRNN"]
__all__ += ["GPU", "TimeBiLSTM", "TimeBidirectional", "cross_entropy_error", "np", "sigmoid", "softmax"]
__all__ += ["Affine", "Dropout", "Embedding", "MatMul", "Sigmoid", "SigmoidWithLoss", "Softmax", "SoftmaxWithLoss"]
__all__ += ["Simple_TimeAffine", "Simple_TimeSoftmaxWithLoss", "TimeAffine", "TimeDropout", "TimeEmbedding"]
__all__ += ["TimeSigmoidWithLoss", "TimeSoftmaxWithLoss"]

CHUNK = 1 << 17  # elements that a loss over many classes computes at a time


class TimeEmbedding(Embedding):
    """Row of W for every id; a zero vector, and no gradient, at the padding.

    W: (V, D). forward: xs (N, T) ids, mask (N, T) bool or None -> (N, T, D).
    """

    def forward(self, xs, mask=None):
        (W,) = self.params
        mask = as_mask(self, mask, as_array(self, "xs", xs).shape)
        idx = as_ids(self, "xs", xs, ("N", "T"), len(W), where=mask)
        self.cache = idx, mask
        out = W.take(idx, axis=0)  # (N, T) -> (N, T, D)
        if mask is not None and not mask.all():
            out[~mask] = 0
        return out


class Simple_TimeAffine(Affine):
    """The plain form of `TimeAffine`: an Affine for each step, whose gradients are summed."""

    def forward(self, xs, mask=None):
        W, b = self.params
        xs = as_floats(self, "xs", xs, ("N", "T", len(W)), W.dtype)
        mask = as_mask(self, mask, xs.shape[:2])
        xs = filled(xs, mask)
        layers = [Affine(W, b) for _ in range(xs.shape[1])]
        out = np.empty((*xs.shape[:2], len(b)), W.dtype, like=W)
        for t, layer in enumerate(layers):
            out[:, t] = layer.forward(xs[:, t])  # (N, D) -> (N, K)
        self.cache = layers, mask, xs.shape
        return filled(out, mask)

    def backward(self, dout):
        W, b = self.params
        layers, mask, shape = self.cached()
        dout = filled(as_floats(self, "dout", dout, (*shape[:2], len(b)), W.dtype), mask)
        dxs = np.empty(shape, W.dtype, like=W)
        for grad in self.grads:
            grad[...] = 0
        for t, layer in enumerate(layers):
            dxs[:, t] = layer.backward(dout[:, t])  # (N, K) -> (N, D)
            for grad, of_step in zip(self.grads, layer.grads):
                grad += of_step
        return dxs


class TimeAffine(Affine):
    """y = x W + b at every step; 0 at the padding. W: (D, K), b: (K,). forward: xs (N, T, D), mask -> (N, T, K)."""

    def forward(self, xs, mask=None):
        W, _ = self.params
        xs = as_floats(self, "xs", xs, ("N", "T", len(W)), W.dtype)
        self.mask = as_mask(self, mask, xs.shape[:2])
        return filled(super().forward(filled(xs, self.mask)), self.mask)  # (N, T, D) -> (N, T, K)

    def backward(self, dout):
        _, b = self.params
        dout = as_floats(self, "dout", dout, (*self.cached()[1], len(b)), b.dtype)
        return super().backward(filled(dout, self.mask))  # (N, T, K) -> (N, T, D)


class TimeDropout(Dropout):
    """Dropout at every step; 0 at the padding. forward: xs (N, T, D), mask -> (N, T, D). Attribute `train_flg`."""

    def forward(self, xs, mask=None):
        xs = as_array(self, "xs", xs)
        self.mask = as_mask(self, mask, xs.shape[:2])
        return super().forward(filled(xs, self.mask))

    def backward(self, dout):
        dxs = super().backward(dout)  # a new array
        if self.mask is not None:
            dxs[~self.mask] = 0
        return dxs


class Simple_TimeSoftmaxWithLoss(Layer):
    """The plain form of `TimeSoftmaxWithLoss`: a SoftmaxWithLoss for each step, over the rows that count there."""

    ignore_label = -1

    def forward(self, xs, ts, mask=None, sample_weight=None):
        xs, ts, counts = _steps_that_count(self, xs, ts, mask)
        weight = weight_of_steps(self, sample_weight, counts, xs.dtype)
        total, loss, losses = max(int(counts.sum()), 1), 0.0, []
        for t in range(xs.shape[1]):
            rows = np.flatnonzero(counts[:, t])  # (N,) -> (M,)
            if len(rows) > 0:
                losses.append((t, rows, len(rows) / total, SoftmaxWithLoss()))
                of_step = None if weight is None else weight[rows, t]  # (N, T) -> (M,)
                loss += losses[-1][3].forward(xs[rows, t], ts[rows, t], of_step) * len(rows) / total
        self.cache = losses, xs
        return loss

    def backward(self, dout=1):
        """-> dxs (N, T, V)."""
        losses, xs = self.cached()
        dxs = np.zeros_like(xs)
        for t, rows, share, layer in losses:
            dxs[rows, t] = layer.backward(dout * share)
        return dxs


class TimeSoftmaxWithLoss(Layer):
    """Mean of -log softmax(xs) at the true class over all steps that count.

    forward: xs (N, T, V) logits, ts (N, T) class ids or (N, T, V) one-hot, mask (N, T) bool or None -> loss. A step
    with the label `ignore_label` does not count, nor does a masked one; if none counts the loss is 0. sample_weight:
    what each row (N,) or each step (N, T) counts, or None; the loss is sum(sample_weight * loss of each) / how many
    steps count.
    """

    ignore_label = -1

    def forward(self, xs, ts, mask=None, sample_weight=None):
        xs, ts, counts = _steps_that_count(self, xs, ts, mask)
        weight = weight_of_steps(self, sample_weight, counts, xs.dtype)
        real = None if counts.all() else np.flatnonzero(counts)  # (N, T) -> (M,): the steps that count; None: all
        labels, weight = _chosen(ts, real), weight if weight is None else _chosen(weight, real)  # (N, T) -> (M,)
        tops, sums, log_y = (np.empty((len(labels), 1), xs.dtype, like=xs) for _ in range(3))
        rows, exps = xs.reshape(-1, xs.shape[2]), None  # (N, T, V) -> (N T, V)
        for part in row_chunks(len(labels), xs.shape[2], CHUNK):
            x = rows[part if real is None else real[part]]  # (m, V)
            np.max(x, axis=1, keepdims=True, out=tops[part])
            x = x - tops[part]
            log_y[part, 0] = x[np.arange(len(x)), labels[part]]  # (m, V) -> (m,): of the true class
            exps = np.exp(x, out=x)
            np.sum(exps, axis=1, keepdims=True, out=sums[part])
        log_y = (log_y - np.log(sums))[:, 0]  # (M, 1) -> (M,)
        self.cache = xs, labels, real, tops, sums, exps, weight
        return -weighted_sum(log_y, weight) / max(len(labels), 1) + 0.0  # + 0.0: no loss of -0.0

    def backward(self, dout=1):
        """-> dxs (N, T, V)."""
        xs, labels, real, tops, sums, last_exps, weight = self.cached()
        scale = np.full_like(sums, float(dout) / max(len(labels), 1))
        scale = scale if weight is None else scale * weight[:, None]  # (M, 1): what each step counts
        dxs = (np.empty if real is None else np.zeros)(xs.shape, xs.dtype, like=xs)
        rows, drows = xs.reshape(-1, xs.shape[2]), dxs.reshape(-1, xs.shape[2])  # (N, T, V) -> (N T, V)
        for part in row_chunks(len(labels), xs.shape[2], CHUNK):
            index = part if real is None else real[part]
            # Computed again: to keep all of it since forward would cost more. The last chunk, often the only one, is.
            exps = last_exps if part.stop == len(labels) else np.exp(rows[index] - tops[part])  # (m, V)
            dx = exps * (scale[part] / sums[part])  # (m, V) * (m, 1)
            dx[np.arange(len(dx)), labels[part]] -= scale[part, 0]
            drows[index] = dx
        return dxs


def weighted_sum(log_y, weight):
    """The sum of log_y (M,), each times its weight (M,) or, for None, 1; what is -inf and counts 0 adds nothing."""
    log_y = log_y.astype(np.float64)  # float32 is too narrow for a sum of what logits of 1e38 cost
    if weight is None:
        return float(log_y.sum())
    total = float(np.vdot(log_y, weight))
    return total if total == total else float(np.vdot(np.where(weight != 0, log_y, 0), weight))


def row_chunks(count, width, elements):
    """Slices of `count` rows of `width` elements, so few at a time that what is computed of them stays in the cache."""
    size = max(1, elements // max(width, 1))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _chosen(a, index):
    """(N, T) -> (M,): those of these places, or all of them."""
    return a.reshape(-1) if index is None else a.reshape(-1)[index]


def _steps_that_count(layer, xs, ts, mask):
    """-> xs (N, T, V), ts (N, T) class ids, and where (N, T) neither `ignore_label` nor the mask rules a step out."""
    xs = as_floats(layer, "xs", xs, ("N", "T", "V"), np.result_type(float_dtype(xs), np.float32))
    ts = as_array(layer, "ts", ts)
    if ts.shape == xs.shape:
        ts = _ids_of_one_hot(layer, ts)  # (N, T, V) -> (N, T)
    return xs, *labels_that_count(layer, ts, mask, xs.shape[:2], xs.shape[2])


def _ids_of_one_hot(layer, ts):
    """(N, T, V) one-hot, or rows of 0 in the padding -> (N, T). ValueError for other rows: a mixture has no one id."""
    ids = ts.argmax(axis=2)
    known = np.zeros(ts.shape, bool, like=ts)
    np.put_along_axis(known, ids[..., None], True, axis=2)
    if not ((ts == known) | (ts == 0)).all():
        raise ValueError(f"{type(layer).__name__}: ts: expected one-hot labels, got others among {ts.dtype} {ts.shape}")
    return ids


def labels_that_count(layer, ts, mask, shape, classes):
    """-> ts (N, T) ids of so many classes, and where (N, T) neither `ignore_label` nor the mask rules a step out."""
    mask, ts = as_mask(layer, mask, shape), as_array(layer, "ts", ts)
    if ts.dtype.kind not in "iu":
        as_ids(layer, "ts", ts, shape, classes)  # refuses it
    counts = ts != layer.ignore_label
    counts = counts & mask if mask is not None and counts.shape == mask.shape else counts
    return as_ids(layer, "ts", ts, shape, classes, where=counts), counts


def weight_of_steps(layer, sample_weight, counts, dtype):
    """(N,) or (N, T) weights, or None -> (N, T), 0 where a step does not count, or None."""
    if sample_weight is None:
        return None
    sample_weight = as_array(layer, "sample_weight", sample_weight)
    if sample_weight.ndim == 1:
        sample_weight = as_sample_weight(layer, sample_weight, counts.shape[:1], dtype)
        return np.where(counts, sample_weight[:, None], 0)  # (N, 1) -> (N, T)
    steps = as_floats(layer, "sample_weight", sample_weight, counts.shape, dtype)
    return as_sample_weight(layer, np.where(counts, steps, 0), counts.shape, dtype)  # whatever stands in the padding


class TimeSigmoidWithLoss(Layer):
    """Mean binary cross-entropy of logits over all steps that count.

    forward: xs (N, T) logits, ts (N, T) labels 0 or 1, mask (N, T) bool or None -> loss; 0 if no step counts.
    sample_weight: as in `TimeSoftmaxWithLoss`.
    """

    def forward(self, xs, ts, mask=None, sample_weight=None):
        xs = as_floats(self, "xs", xs, ("N", "T"), np.result_type(float_dtype(xs), np.float32))
        mask = as_mask(self, mask, xs.shape)
        real = np.ones(xs.shape, bool, like=xs) if mask is None else mask
        ts = as_ids(self, "ts", ts, xs.shape, 2, where=mask)
        weight = weight_of_steps(self, sample_weight, real, xs.dtype)
        xs = filled(xs, mask)
        losses = np.maximum(xs, 0) - xs * ts + np.log1p(np.exp(-np.abs(xs)))
        count = max(int(real.sum()), 1)
        self.cache = xs, ts, mask, count, weight
        return float((losses * (real if weight is None else weight)).sum()) / count

    def backward(self, dout=1):
        """-> dxs (N, T)."""
        xs, ts, mask, count, weight = self.cached()
        dxs = (sigmoid(xs) - ts).astype(xs.dtype) * (float(dout) / count)
        return filled(dxs if weight is None else dxs * weight, mask)
