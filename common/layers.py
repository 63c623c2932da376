"""Layers without time: each a few lines of forward, and the gradient of each line in backward.

The contract of every layer here and in the other files: `params` and `grads` are parallel lists, the arrays
are handed in and never copied; `forward` caches what `backward(dout)` needs; `backward` overwrites `grads` in
place, returns the gradient of the input, and may be called again with the same result. A wrong shape or dtype is a
ValueError that names the layer, and so is a backward before any forward.
"""

import numpy as np

from common.arrays.checks import (
    as_array,
    as_floats,
    as_ids,
    as_number,
    as_rng_or_global,
    as_sample_weight,
    check_ratio,
    float_dtype,
)
from common.arrays.layer import Layer
from common.arrays.row_grad import RowGrad, sum_rows
from common.functions import cross_entropy_error, log_softmax, sigmoid, softmax
from common.gpu import rows_and_adam
from common.gpu.kernels import on_gpu
from common.np import GPU

# With what the book's module exports.
__all__ = ["GPU", "Affine", "Dropout", "Embedding", "Layer", "LayerNorm", "MatMul", "Sigmoid", "SigmoidWithLoss"]
__all__ += ["Softmax", "SoftmaxWithLoss", "cross_entropy_error", "np", "sigmoid", "softmax"]


class MatMul(Layer):
    """y = x W. W: (D, K). forward: (..., D) -> (..., K), of W's dtype. Book, chapter 1."""

    def __init__(self, W):
        super().__init__(W=(W, ("D", "K")))

    def forward(self, x):
        (W,) = self.params
        x = as_floats(self, "x", x, (..., len(W)), W.dtype)
        self.cache = rows, axes = _rows(x), x.shape[:-1]
        return np.dot(rows, W).reshape(*axes, W.shape[1])  # (M, D) @ (D, K) -> (M, K) -> (..., K)

    def backward(self, dout):
        (W,), (dW,) = self.params, self.grads
        x, axes = self.cached()
        dout = _rows(as_floats(self, "dout", dout, (*axes, W.shape[1]), W.dtype))  # (..., K) -> (M, K)
        np.matmul(x.T, dout, out=dW)  # (D, M) @ (M, K) -> (D, K)
        return np.dot(dout, W.T).reshape(*axes, len(W))  # (M, K) @ (K, D) -> (M, D) -> (..., D)


class Affine(Layer):
    """y = x W + b. W: (D, K), b: (K,). forward: (..., D) -> (..., K), of W's dtype. Book, chapter 1."""

    def __init__(self, W, b):
        super().__init__(W=(W, ("D", "K")), b=(b, ("K",)))

    def forward(self, x):
        W, b = self.params
        x = as_floats(self, "x", x, (..., len(W)), W.dtype)
        self.cache = rows, axes = _rows(x), x.shape[:-1]
        y = np.dot(rows, W)  # (M, D) @ (D, K) -> (M, K)
        y += b  # in place: a large V is large memory
        return y.reshape(*axes, len(b))  # (M, K) -> (..., K)

    def backward(self, dout):
        W, b = self.params
        dW, db = self.grads
        x, axes = self.cached()
        dout = _rows(as_floats(self, "dout", dout, (*axes, len(b)), W.dtype))  # (..., K) -> (M, K)
        np.matmul(x.T, dout, out=dW)  # (D, M) @ (M, K) -> (D, K)
        db[...] = dout.sum(axis=0)  # (M, K) -> (K,)
        return np.dot(dout, W.T).reshape(*axes, len(W))  # (M, K) @ (K, D) -> (M, D) -> (..., D)


class Embedding(Layer):
    """Row idx of W for every id. Book, chapter 4.

    W: (V, D). forward: ids (...) -> (..., D); backward returns None, since ids have no gradient. `grads[0]` reads as a
    dense (V, D) array and knows the rows that the last batch touched (`common.arrays.row_grad`): no step's cost grows
    with V.
    """

    def __init__(self, W):
        super().__init__(W=(W, ("V", "D")))

    def new_grads(self):
        (W,) = self.params  # an array of another kind (CuPy's, say) has a dense gradient
        return [RowGrad.zeros_like(W)] if isinstance(W, np.ndarray) else super().new_grads()

    def forward(self, idx):
        (W,) = self.params
        idx = as_ids(self, "idx", idx, None, len(W))
        self.cache = idx, None
        return W.take(idx, axis=0)  # (...) -> (..., D)

    def backward(self, dout):
        (W,), (dW,) = self.params, self.grads
        idx, mask = self.cached()
        dout = as_floats(self, "dout", dout, (*idx.shape, W.shape[1]), W.dtype)
        write_rows(dW, idx, dout, mask)


def write_rows(dW, ids, values, mask=None):
    """dW (V, D) = the sum of values (..., D) over equal ids (...), 0 elsewhere; only of places where `mask` is true."""
    if on_gpu(dW):
        return rows_and_adam.write_rows(dW, ids.reshape(-1), _rows(values), mask)
    counted = None if mask is None or mask.all() else np.flatnonzero(mask)
    ids, values = ids.reshape(-1), _rows(values)
    if isinstance(dW, RowGrad):
        dW.write(*sum_rows(ids, values, counted))
    else:
        dW[...] = 0
        np.add.at(dW, *((ids, values) if counted is None else (ids[counted], values[counted])))


class Dropout(Layer):
    """Sets a share of the elements to zero and scales the others up, while training. Srivastava et al. 2014.

    forward: (...) -> (...); unchanged where `train_flg` is false (argument or attribute). rng: Generator, int, or None:
    NumPy's global random state, from which the same elements are drawn as in the book.
    """

    def __init__(self, dropout_ratio=0.5, rng=None):
        super().__init__()
        self.dropout_ratio = check_ratio(self, "dropout_ratio", dropout_ratio)
        self.rng = as_rng_or_global(self, rng)
        self.train_flg = True

    @property
    def active(self):
        """Whether anything is dropped: else forward and backward make copies, which a caller may save."""
        return self.train_flg and self.dropout_ratio > 0

    def forward(self, x, train_flg=True):
        x = as_floats(self, "x", x, None, float_dtype(x))
        scale = None  # 0 or 1 / (1 - dropout_ratio) for each element; None: all 1
        if train_flg and self.active:
            keep = self.rng.random(x.shape, dtype=np.float32) >= self.dropout_ratio
            scale = np.multiply(np.asarray(keep, like=x), 1 / (1 - self.dropout_ratio), dtype=x.dtype)
        self.cache = x.shape, scale
        return np.copy(x) if scale is None else x * scale

    def backward(self, dout):
        shape, scale = self.cached()
        dout = as_floats(self, "dout", dout, shape, float_dtype(dout))
        return np.copy(dout) if scale is None else dout * scale


class LayerNorm(Layer):
    """y = gamma (x - mean) / sqrt(variance + eps) + beta over the last axis; gamma, beta: (D,). Ba et al. 2016."""

    def __init__(self, gamma, beta, eps=1e-5):
        super().__init__(gamma=(gamma, ("D",)), beta=(beta, ("D",)))
        self.eps = as_number(self, "eps", eps, least=0)

    def forward(self, x):
        gamma, beta = self.params
        x = as_floats(self, "x", x, (..., len(gamma)), gamma.dtype)
        std = np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)  # (..., D) -> (..., 1)
        normed = (x - x.mean(axis=-1, keepdims=True)) / std
        self.cache = normed, std
        return gamma * normed + beta

    def backward(self, dout):
        gamma, _ = self.params
        dgamma, dbeta = self.grads
        normed, std = self.cached()
        dout = as_floats(self, "dout", dout, normed.shape, gamma.dtype)
        dgamma[...] = _rows(dout * normed).sum(axis=0)  # (M, D) -> (D,)
        dbeta[...] = _rows(dout).sum(axis=0)
        dnormed = dout * gamma
        projection = (dnormed * normed).mean(axis=-1, keepdims=True)  # (..., D) -> (..., 1)
        return (dnormed - dnormed.mean(axis=-1, keepdims=True) - normed * projection) / std


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)), element by element."""

    def forward(self, x):
        self.cache = sigmoid(as_floats(self, "x", x, None, float_dtype(x)))
        return self.cache

    def backward(self, dout):
        y = self.cached()
        dx = 1 - y
        dx *= y
        dx *= as_floats(self, "dout", dout, y.shape, y.dtype)
        return dx


class Softmax(Layer):
    """y = softmax(x) along the last axis."""

    def forward(self, x):
        self.cache = softmax(as_floats(self, "x", x, None, float_dtype(x)))
        return self.cache

    def backward(self, dout):
        y = self.cached()
        dout = as_floats(self, "dout", dout, y.shape, y.dtype)
        weighted = dout * y
        return weighted - y * weighted.sum(axis=-1, keepdims=True)


class SoftmaxWithLoss(Layer):
    """Mean of -log softmax(x) at the true class, from logits.

    forward: x (N, C), t (N,) class ids or (N, C) one-hot (or any distribution per row) -> loss. backward: (N, C).
    sample_weight: what each example counts, (N,) or None; the loss is sum(sample_weight * loss of each) / N (Keras).
    `y` holds the probabilities (N, C) of the last forward.
    """

    def forward(self, x, t, sample_weight=None):
        x = as_floats(self, "x", x, ("N", "C"), float_dtype(x))
        t = as_array(self, "t", t)
        if t.shape == x.shape:
            t = as_floats(self, "t", t, x.shape, x.dtype)
            if t.size and not (t.min() >= 0 and t.max() < np.inf):  # NaN is neither
                worst = t.max() if t.min() >= 0 else t.min()
                raise ValueError(f"{type(self).__name__}: t: expected finite shares, 0 or above, got {worst}")
        else:
            ids = as_ids(self, "t", t, (len(x),), x.shape[1])
            t = np.zeros(x.shape, x.dtype, like=x)
            t[np.arange(len(x)), ids] = 1  # (N,) -> (N, C)
        if sample_weight is not None:
            sample_weight = as_sample_weight(self, sample_weight, (len(x),), x.dtype)
            t = t * sample_weight[:, None]  # (N, C) * (N, 1): a row that counts w is a target that adds up to w
        log_y = log_softmax(x)
        self.y = np.exp(log_y)
        self.cache = t
        loss = -float(np.vdot(t, log_y))
        if loss != loss:  # NaN, as of 0 times -inf: a class of weight 0 costs nothing
            loss = -float(np.vdot(t, np.where(t != 0, log_y, 0)))
        return loss / len(x) + 0.0  # + 0.0: no loss of -0.0

    def backward(self, dout=1):
        t, y = self.cached(), self.y
        dx = y * t.sum(axis=1, keepdims=True)
        dx -= t
        dx *= float(dout) / len(y)
        return dx


class SigmoidWithLoss(Layer):
    """Mean of -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)), from logits.

    forward: x (N,) or (N, 1) with t (N,) or (N, 1), or both of one shape -> loss. t: 0 or 1, or a probability between
    (smoothed labels). backward: the shape of x. `y` holds sigmoid(x) of the last forward.
    sample_weight: what each example (N,), or each element (the shape of x), counts, as in `SoftmaxWithLoss`.
    """

    def forward(self, x, t, sample_weight=None):
        x = as_floats(self, "x", x, None, float_dtype(x))
        t = as_array(self, "t", t)
        shape = t.shape
        if {x.shape, shape} <= {x.shape[:1], (*x.shape[:1], 1)}:
            shape = x.shape  # a column and a vector of N can only mean one thing
            t = np.reshape(t, shape)
        t = as_floats(self, "t", t, x.shape, x.dtype)
        if t.size and not (t.min() >= 0 and t.max() <= 1):
            raise ValueError(f"{type(self).__name__}: t: expected labels in [0, 1], got {t.min()} to {t.max()}")
        if sample_weight is not None:
            sample_weight = as_array(self, "sample_weight", sample_weight)
            rows = sample_weight.shape != x.shape  # (N,) of x (N, ...)
            sample_weight = as_sample_weight(self, sample_weight, x.shape[:1] if rows else x.shape, x.dtype)
            sample_weight = sample_weight.reshape(-1, *[1] * (x.ndim - 1)) if rows else sample_weight  # (N,) -> (N, 1)
        self.y = sigmoid(x)
        self.cache = t, sample_weight
        loss = np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))
        return float((loss if sample_weight is None else loss * sample_weight).mean())

    def backward(self, dout=1):
        (t, sample_weight), y = self.cached(), self.y
        dx = (y - t) * (float(dout) / y.size)
        return dx if sample_weight is None else dx * sample_weight


def _rows(x):
    """(..., D) -> (M, D)."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
