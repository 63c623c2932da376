"""Losses over a large vocabulary that hold the output weights: no logits (N, T, V) are ever in memory at once.

W is word-major, (V, H), as an embedding's: the same array in both is tied weights. The full softmax computes a few rows
at a time; the sampled one the logits of a few words, so that a training step costs the same at V = 1,000 and 20,000.
"""

import numpy as np

from common.arrays.checks import as_array, as_floats, as_number, as_rng
from common.arrays.layer import Layer
from common.arrays.row_grad import RowGrad
from common.time_layers import labels_that_count, row_chunks, weight_of_steps, weighted_sum

CHUNK = 1 << 20  # logits that are computed at a time: enough rows for a fast product, few enough for the cache


class TimeAffineSoftmaxWithLoss(Layer):
    """`TimeSoftmaxWithLoss` of the logits hs W^T + b: the same numbers in less time, and in memory for a few rows.

    W: (V, H), b: (V,). forward: hs (N, T, H), ts (N, T) class ids, mask (N, T) bool or None -> loss. ignore_label,
    sample_weight: as in `TimeSoftmaxWithLoss`. The gradients are computed in forward, while a chunk of logits is in the
    cache; not while `inference` is true.
    """

    ignore_label = -1
    inference = False

    def __init__(self, W, b):
        super().__init__(W=(W, ("V", "H")), b=(b, ("V",)))

    def forward(self, hs, ts, mask=None, sample_weight=None):
        W = self.params[0]
        hs = as_floats(self, "hs", hs, ("N", "T", W.shape[1]), W.dtype)
        ts, counts = labels_that_count(self, ts, mask, hs.shape[:2], len(W))
        weight = weight_of_steps(self, sample_weight, counts, W.dtype)
        real = np.flatnonzero(counts)  # (N, T) -> (M,): the steps that count
        h, labels = hs.reshape(-1, W.shape[1])[real], ts.reshape(-1)[real]  # (N, T, H) -> (M, H), (N, T) -> (M,)
        scale = np.full(len(real), 1 / max(len(real), 1), W.dtype, like=W)
        scale = scale if weight is None else scale * weight.reshape(-1)[real]  # what each step counts: (M,)
        loss, *gradients = self.loss_of_rows(h, labels, scale)
        self.cache = None if self.inference else (hs.shape, real, *gradients)
        return loss

    def loss_of_rows(self, h, labels, scale):
        """h (M, H), labels (M,), scale (M,) -> loss, dh (M, H), the ids of the rows of dW and db or None, dW, db."""
        loss, dh, *gradients = affine_softmax(h, *self.params, labels, scale, not self.inference)
        return loss, dh, None, *gradients

    def backward(self, dout=1):
        """-> dhs (N, T, H)."""
        shape, real, dh, ids, *gradients = self.cached()
        dout = float(dout)
        for grad, values in zip(self.grads, gradients):
            if ids is None:
                np.multiply(values, dout, out=grad)
            elif isinstance(grad, RowGrad):
                grad.write(ids, values * dout)
            else:
                grad[...] = 0
                grad[ids] = values * dout
        dhs = np.zeros(shape, dh.dtype, like=dh)
        dhs.reshape(-1, shape[2])[real] = dh * dout  # (M, H) -> (N, T, H)
        return dhs


class TimeSampledSoftmaxWithLoss(TimeAffineSoftmaxWithLoss):
    """In training, the softmax over the labels of the batch and a few other words that are drawn; else over all.

    num_sampled: draws for a batch, with replacement; a word that is drawn several times counts once. counts: (V,) how
    often each word occurs, which is how often it is drawn, in proportion (a word of count 0 as the rarest); None: word
    k with probability log(1 + 1 / (k + 1)) / log(V + 1), which fits ids in order of decreasing frequency. rng:
    Generator, int or None. `train_flg`: true while training.

    The denominator sum_k exp(s_k) over V words is estimated without bias: by the sum over the labels of the batch,
    which are certain to be in it, and over each other word that was drawn of exp(s_k) / Q_k, where Q_k = 1 - (1 -
    q_k)^num_sampled is its expected count; so log Q_k is subtracted from its logit. A label that is drawn as well (an
    accidental hit) counts once, as a label. The gradient becomes that of the full softmax as num_sampled grows.
    Bengio and Senecal 2008; Jean et al. 2015; Horvitz and Thompson 1952.
    """

    def __init__(self, W, b, num_sampled, counts=None, rng=None):
        super().__init__(W, b)
        if isinstance(W, np.ndarray):  # an array of another kind (CuPy's, say) keeps a dense gradient
            self.grads = [RowGrad.zeros_like(p) for p in self.params]
        self.num_sampled = as_number(self, "num_sampled", num_sampled, least=1, whole=True)
        self.rng = as_rng(self, rng)
        self.train_flg = True
        q = _log_uniform(len(W)) if counts is None else _proportional(self, counts, len(W))
        self.cumulative = np.cumsum(q)  # (V,), float64
        with np.errstate(divide="ignore"):  # of q = 1, where V = 1
            log_expected = np.log(-np.expm1(self.num_sampled * np.log1p(-q)))
        self.log_expected = np.asarray(log_expected, like=W)  # (V,): log Q

    def loss_of_rows(self, h, labels, scale):
        if not self.train_flg:
            return super().loss_of_rows(h, labels, scale)
        W, b = self.params
        draws = self.rng.random(self.num_sampled) * self.cumulative[-1]
        drawn = self.cumulative.searchsorted(draws, side="right")  # (num_sampled,) ids
        ids = np.union1d(labels, np.asarray(drawn, like=labels))  # (K,), sorted
        places = np.searchsorted(ids, labels)  # (M,)
        log_expected = self.log_expected[ids]
        log_expected[places] = 0
        shifted = b[ids] - log_expected.astype(b.dtype)
        loss, dh, *gradients = affine_softmax(h, W[ids], shifted, places, scale, not self.inference)
        return loss, dh, ids, *gradients


class SampledSoftmaxWithLoss(TimeSampledSoftmaxWithLoss):
    """`TimeSampledSoftmaxWithLoss` without time. forward: h (N, H), t (N,) class ids, sample_weight (N,) -> loss."""

    def forward(self, h, t, sample_weight=None):
        h = as_floats(self, "h", h, ("N", self.params[0].shape[1]), self.params[0].dtype)
        t = as_array(self, "t", t)
        return super().forward(h[:, None], t.reshape(*t.shape, 1), None, sample_weight)  # (N, H) -> (N, 1, H)

    def backward(self, dout=1):
        """-> dh (N, H)."""
        return super().backward(dout)[:, 0]  # (N, 1, H) -> (N, H)


def affine_softmax(h, W, b, labels, scale, with_gradients=True):
    """The sum of -scale log softmax(h W^T + b) at the labels, and its gradients, a chunk of rows at a time.

    h: (M, H), W: (V, H), b: (V,), labels: (M,) ids, scale: (M,) -> loss, dh, dW, db; the three are None unless
    `with_gradients`.
    """
    dh, dW, db = (np.zeros_like(a) for a in (h, W, b)) if with_gradients else (None, None, None)
    loss = 0.0
    for part in row_chunks(len(h), len(W), CHUNK):
        y = np.matmul(h[part], W.T)  # (m, H) @ (H, V) -> (m, V)
        y += b
        y -= y.max(axis=1, keepdims=True)
        place = np.arange(len(y)), labels[part]
        log_y = y[place]
        np.exp(y, out=y)
        total = y.sum(axis=1)  # (m, V) -> (m,)
        loss -= weighted_sum(log_y - np.log(total), scale[part])
        if with_gradients:
            y *= (scale[part] / total)[:, None]  # from here on the gradient of the logits
            y[place] -= scale[part]
            np.matmul(y, W, out=dh[part])  # (m, V) @ (V, H) -> (m, H)
            dW += np.matmul(y.T, h[part])  # (V, m) @ (m, H) -> (V, H)
            db += y.sum(axis=0)
    return loss + 0.0, dh, dW, db  # + 0.0: no loss of -0.0


def _log_uniform(V):
    """(V,) probabilities of word k in proportion to log((k + 2) / (k + 1)): Zipf's law, about 1 / k."""
    return np.log1p(1 / np.arange(1, V + 1)) / np.log(V + 1)


def _proportional(layer, counts, V):
    """(V,) probabilities in proportion to counts. ValueError unless these are finite, 0 or above, one above 0."""
    counts = as_floats(layer, "counts", counts, (V,), np.float64)
    if not (counts.min() >= 0 and 0 < counts.max() < np.inf):  # NaN is neither
        got = f"{counts.min()} to {counts.max()}"
        raise ValueError(f"{type(layer).__name__}: counts: expected finite counts, 0 or above, one above 0, got {got}")
    counts = np.maximum(counts, counts[counts > 0].min())
    return counts / counts.sum()
