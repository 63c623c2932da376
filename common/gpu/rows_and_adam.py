"""The sums of an embedding's gradient rows, and a step of Adam, each in a kernel or two.

The gradient is dense, since a GPU writes a V of 20,000 words in the time of two calls. In the rows of words that did
not occur stands -0.0, the neutral element of addition (x + -0.0 is x for every x), which no sum that begins with 0 is:
by it a lazy Adam knows where nothing was added.
"""

import numpy as np

from common.gpu.kernels import kernel


def write_rows(dW, ids, values, mask=None):
    """dW (V, D) = the sums of values (M, D) over equal ids (M,), of the places alone where mask (M elements) is true.

    In a fixed order, so that the same batch gives the same bits: `cupyx.scatter_add`, and `np.add.at` with it, adds in
    the order in which the GPU's threads happen to come.
    """
    (V, D), M = dW.shape, len(ids)
    dW[...] = 0
    np.negative(dW, out=dW)  # `dW[...] = -0.0` is 0.0 in CuPy 14, which sets bytes
    if M == 0:
        return
    ids = ids if mask is None else np.where(mask.reshape(-1), ids, V)
    order = np.argsort(ids, kind="stable")
    ids, parts = ids[order], np.empty((M, D), dW.dtype, like=dW)
    kernel("row_parts")(values, order, ids, M, D, V, parts, size=M * D)
    kernel("row_sums")(parts, ids, M, D, V, dW, size=M * D)


def adam_step(adam, p, g, m, v):
    """`Adam.step`, and that of AdamW: arrays p, g, m, v of one shape."""
    root = (1 - adam.beta2**adam.iter) ** 0.5
    rate = adam.lr * root / (1 - adam.beta1**adam.iter)
    constants = rate, 1 - adam.beta1, 1 - adam.beta2, adam.eps * root, adam.lr * adam.weight_decay, adam.lazy
    kernel("adam")(g, *constants, p, m, v)
