"""The norm of a gradient at each step of backpropagation through time: does it vanish or explode? Book, chapter 6."""

import numpy as np


def norms_by_step(layer, xs, rng=None):
    """The influence of each step of the input on the last output: -> (T,), the mean over the batch of |dL/dx_t|.

    layer: a recurrent layer; xs: (N, T, D). dL/dhs is 0 but for the last step, where each row is a random vector of
    length 1. rng: Generator, int or None. The layer's grads are overwritten. Pascanu et al. 2013.
    """
    hs = layer.forward(xs)  # (N, T, D) -> (N, T, H)
    last = np.random.default_rng(rng).standard_normal(hs[:, -1].shape)
    dhs = np.zeros_like(hs)
    dhs[:, -1] = last / np.linalg.norm(last, axis=1, keepdims=True)
    return np.linalg.norm(layer.backward(dhs), axis=2).mean(axis=0)  # (N, T, D) -> (T,)
