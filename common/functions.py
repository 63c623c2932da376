"""Stable pure functions: arrays in, arrays out, no state.

"Stable" means that no finite input, however large, gives a NaN, and that no eps is added to hide one.
"""

import numpy as np

from common.np import GPU  # noqa: F401  (the book's module exports it)


def sigmoid(x):
    """1 / (1 + exp(-x)), element by element, without overflow; exact to rounding down to the smallest normal number."""
    with np.errstate(over="ignore"):  # of exp(-x), far below zero: 1 / inf is right
        return 1 / (1 + np.exp(-x))


def relu(x):
    """max(x, 0), element by element."""
    return np.maximum(x, 0)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis` of an array of any number of axes."""
    x = _floats(x)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    e /= e.sum(axis=axis, keepdims=True)
    return e


def log_softmax(x, axis=-1):
    """log(softmax(x)) along `axis`, computed as x - logsumexp(x): finite wherever x is."""
    x = _floats(x)
    shifted = x - x.max(axis=axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted


def _floats(x):
    return x if getattr(getattr(x, "dtype", None), "kind", None) == "f" else np.asarray(x, np.float64)


def cross_entropy_error(y, t):
    """Mean of -log y at the true class (fish book 1, chapter 4).

    y: (N, C) or (C,) probabilities. t: (N,) class ids or one-hot of y's shape. No eps: a true class of probability 0
    costs infinity; to train, take the losses of `common.layers`, of logits.
    """
    y = np.atleast_2d(y)
    t = np.asarray(t)
    ids = t.reshape(y.shape).argmax(axis=1) if t.size == y.size else t.reshape(-1)
    with np.errstate(divide="ignore"):
        return -np.log(y[np.arange(len(y)), ids]).mean()


def filled(xs, mask, value=0):
    """xs (N, T, ...) with `value` where mask (N, T) is False; itself where nothing is masked."""
    if mask is None or mask.all():
        return xs
    xs = np.copy(xs)
    xs[~mask] = value
    return xs
