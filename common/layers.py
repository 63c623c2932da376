"""Layers without time: each a few lines of forward and the same lines read backwards.

The contract of every layer here and in the other files: `params` and `grads` are parallel lists, the arrays
are handed in and never copied; `forward` remembers what `backward(dout)` needs; `backward` overwrites `grads` in
place, returns the gradient of the input, and may be called again with the same result. Wrong shapes and dtypes
are a ValueError that names the layer.
"""

import numpy as np

from common.arrays.checks import as_floats, as_ids, check_ratio, check_weights, float_dtype
from common.arrays.row_grad import RowGrad, sum_rows
from common.functions import log_softmax, sigmoid, softmax


class MatMul:
    """y = x W. Book, chapter 1.

    W: (D, K). forward: (..., D) -> (..., K), of W's dtype.
    """

    param_names = ("W",)

    def __init__(self, W):
        check_weights(self, W=(W, ("D", "K")))
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.x = None

    def forward(self, x):
        (W,) = self.params
        self.x = as_floats(self, "x", x, (*np.shape(x)[:-1], len(W)), W.dtype)
        return np.matmul(self.x, W)  # (..., D) @ (D, K) -> (..., K)

    def backward(self, dout):
        (W,), (dW,) = self.params, self.grads
        dout = as_floats(self, "dout", dout, (*self.x.shape[:-1], W.shape[1]), W.dtype)
        dW[...] = np.matmul(_rows(self.x).T, _rows(dout))  # (D, M) @ (M, K) -> (D, K)
        return np.matmul(dout, W.T)


class Affine:
    """y = x W + b. Book, chapter 1.

    W: (D, K), b: (K,). forward: (..., D) -> (..., K), of W's dtype.
    """

    param_names = ("W", "b")

    def __init__(self, W, b):
        check_weights(self, W=(W, ("D", "K")), b=(b, ("K",)))
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        W, b = self.params
        self.x = as_floats(self, "x", x, (*np.shape(x)[:-1], len(W)), W.dtype)
        return np.matmul(self.x, W) + b  # (..., D) @ (D, K) -> (..., K)

    def backward(self, dout):
        W, _ = self.params
        dW, db = self.grads
        dout = as_floats(self, "dout", dout, (*self.x.shape[:-1], W.shape[1]), W.dtype)
        dW[...] = np.matmul(_rows(self.x).T, _rows(dout))  # (D, M) @ (M, K) -> (D, K)
        db[...] = _rows(dout).sum(axis=0)
        return np.matmul(dout, W.T)


class Embedding:
    """Row idx of W for every id. Book, chapter 4.

    W: (V, D). forward: ids (...) -> (..., D); backward returns None, since ids have no gradient. `grads[0]` reads as a
    dense (V, D) array and knows the rows that the last batch touched (`common.arrays.row_grad`): no step's cost grows
    with V.
    """

    param_names = ("W",)

    def __init__(self, W):
        check_weights(self, W=(W, ("V", "D")))
        self.params = [W]
        # An array of another kind (CuPy's, say) has no RowGrad: its gradient is dense.
        self.grads = [RowGrad.zeros_like(W) if isinstance(W, np.ndarray) else np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        (W,) = self.params
        self.idx = as_ids(self, "idx", idx, np.shape(idx), len(W))
        return W.take(self.idx, axis=0)  # (...) -> (..., D)

    def backward(self, dout):
        (W,), (dW,) = self.params, self.grads
        dout = as_floats(self, "dout", dout, (*self.idx.shape, W.shape[1]), W.dtype)
        write_rows(dW, self.idx, dout)


def write_rows(dW, ids, values, mask=None):
    """dW (V, D) = the sum of values (..., D) over equal ids (...), 0 elsewhere; of the places where `mask` is true."""
    counted = None if mask is None or mask.all() else np.flatnonzero(mask)
    ids, values = ids.reshape(-1), _rows(values)
    if isinstance(dW, RowGrad):
        dW.write(*sum_rows(ids, values, counted))
    else:
        dW[...] = 0
        np.add.at(dW, *((ids, values) if counted is None else (ids[counted], values[counted])))


class Dropout:
    """Sets a share of the elements to zero and scales the others up, while training. Srivastava et al. 2014.

    forward: (...) -> (...). With `train_flg` false (argument or attribute) the input passes unchanged: the scaling
    by 1 / (1 - dropout_ratio) happens in training, so that both modes have the same expected value. `rng`: a numpy
    Generator, an int or None.
    """

    param_names = ()

    def __init__(self, dropout_ratio=0.5, rng=None):
        check_ratio(self, "dropout_ratio", dropout_ratio)
        self.params, self.grads = [], []
        self.dropout_ratio = dropout_ratio
        self.rng = np.random.default_rng(rng)
        self.train_flg = True
        self.shape = None
        self.scale = None  # 0 or 1 / (1 - dropout_ratio) for each element; None: all 1

    def forward(self, x, train_flg=True):
        x = as_floats(self, "x", x, np.shape(x), float_dtype(x))
        self.scale, self.shape = None, x.shape
        if train_flg and self.train_flg and self.dropout_ratio > 0:
            keep = self.rng.random(x.shape, dtype=np.float32) >= self.dropout_ratio
            kept = np.empty_like(x, dtype=bool)  # in x's order in memory; turned now, as bytes, and not as floats later
            kept[...] = np.asarray(keep, like=x)
            self.scale = np.multiply(kept, 1 / (1 - self.dropout_ratio), out=np.empty_like(x))
        return np.copy(x) if self.scale is None else x * self.scale

    def backward(self, dout):
        dout = as_floats(self, "dout", dout, self.shape, float_dtype(dout))
        return np.copy(dout) if self.scale is None else dout * self.scale


class LayerNorm:
    """y = gamma (x - mean) / sqrt(variance + eps) + beta over the last axis. Ba et al. 2016.

    gamma, beta: (D,). forward: (..., D) -> (..., D).
    """

    param_names = ("gamma", "beta")

    def __init__(self, gamma, beta, eps=1e-5):
        check_weights(self, gamma=(gamma, ("D",)), beta=(beta, ("D",)))
        self.params = [gamma, beta]
        self.grads = [np.zeros_like(gamma), np.zeros_like(beta)]
        self.eps = eps
        self.normed, self.std = None, None

    def forward(self, x):
        gamma, beta = self.params
        x = as_floats(self, "x", x, (*np.shape(x)[:-1], len(gamma)), gamma.dtype)
        self.std = np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)  # (..., 1)
        self.normed = (x - x.mean(axis=-1, keepdims=True)) / self.std
        return gamma * self.normed + beta

    def backward(self, dout):
        gamma, _ = self.params
        dgamma, dbeta = self.grads
        dout = as_floats(self, "dout", dout, self.normed.shape, gamma.dtype)
        dgamma[...] = _rows(dout * self.normed).sum(axis=0)
        dbeta[...] = _rows(dout).sum(axis=0)
        dnormed = dout * gamma
        along = (dnormed * self.normed).mean(axis=-1, keepdims=True)
        return (dnormed - dnormed.mean(axis=-1, keepdims=True) - self.normed * along) / self.std


class Sigmoid:
    """y = 1 / (1 + exp(-x)), element by element."""

    param_names = ()

    def __init__(self):
        self.params, self.grads = [], []
        self.y = None

    def forward(self, x):
        self.y = sigmoid(as_floats(self, "x", x, np.shape(x), float_dtype(x)))
        return self.y

    def backward(self, dout):
        dout = as_floats(self, "dout", dout, self.y.shape, self.y.dtype)
        return dout * self.y * (1 - self.y)


class Softmax:
    """y = softmax(x) along the last axis."""

    param_names = ()

    def __init__(self):
        self.params, self.grads = [], []
        self.y = None

    def forward(self, x):
        self.y = softmax(as_floats(self, "x", x, np.shape(x), float_dtype(x)))
        return self.y

    def backward(self, dout):
        dout = as_floats(self, "dout", dout, self.y.shape, self.y.dtype)
        weighted = dout * self.y
        return weighted - self.y * weighted.sum(axis=-1, keepdims=True)


class SoftmaxWithLoss:
    """Mean of -log softmax(x) at the true class, from logits.

    forward: x (N, C), t (N,) class ids or (N, C) one-hot (or any distribution per row) -> loss. backward: (N, C).
    `y` holds the probabilities (N, C) of the last forward.
    """

    param_names = ()

    def __init__(self):
        self.params, self.grads = [], []
        self.y, self.t = None, None

    def forward(self, x, t):
        x = as_floats(self, "x", x, ("N", "C"), float_dtype(x))
        if np.shape(t) == x.shape:
            self.t = as_floats(self, "t", t, x.shape, x.dtype)
        else:
            ids = as_ids(self, "t", t, (len(x),), x.shape[1])
            self.t = np.zeros_like(x)
            self.t[np.arange(len(x)), ids] = 1
        log_y = log_softmax(x)
        self.y = np.exp(log_y)
        # where: a class of weight 0 costs nothing, also where log y is -inf
        return -float((self.t * np.where(self.t != 0, log_y, 0)).sum()) / len(x) + 0.0  # + 0.0: no loss of -0.0

    def backward(self, dout=1):
        return (self.y * self.t.sum(axis=1, keepdims=True) - self.t) * (float(dout) / len(self.y))


class SigmoidWithLoss:
    """Mean of -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)), from logits.

    forward: x (N,) or (N, 1) with t (N,) or (N, 1), or both of one shape -> loss. t: 0 or 1, or a probability between
    (smoothed labels). backward: the shape of x. `y` holds sigmoid(x) of the last forward.
    """

    param_names = ()

    def __init__(self):
        self.params, self.grads = [], []
        self.y, self.t = None, None

    def forward(self, x, t):
        x = as_floats(self, "x", x, np.shape(x), float_dtype(x))
        shape = np.shape(t)
        if {x.shape, shape} <= {x.shape[:1], (*x.shape[:1], 1)}:
            shape = x.shape  # a column and a vector of N can only mean one thing
            t = np.reshape(t, shape)
        self.t = as_floats(self, "t", t, x.shape, x.dtype)
        if self.t.size and not (self.t.min() >= 0 and self.t.max() <= 1):
            raise ValueError(
                f"{type(self).__name__}: t: expected labels in [0, 1], got {self.t.min()} to {self.t.max()}"
            )
        self.y = sigmoid(x)
        loss = np.maximum(x, 0) - x * self.t + np.log1p(np.exp(-np.abs(x)))
        return float(loss.mean())

    def backward(self, dout=1):
        return (self.y - self.t) * (float(dout) / self.y.size)


def _rows(x):
    """(..., D) -> (M, D)."""
    return x.reshape(-1, x.shape[-1])
