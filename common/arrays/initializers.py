"""Initial values, one small named function each; `rng` is a numpy Generator, an int or None.

With a generator of `common.arrays.unfilled` nothing is drawn.
"""

import numpy as np

from common.arrays.checks import as_number, as_rng, as_sizes
from common.arrays.unfilled import Unfilled

BLOCK = 1024  # rows that are drawn at a time, in float64: a large W needs no second memory of twice its size


def normal(rows, columns, std, rng=None, dtype=np.float32):
    """(rows, columns) of independent normals of the given standard deviation."""
    rng, (rows, columns) = as_rng("normal", rng), as_sizes("normal", rows=rows, columns=columns)
    if isinstance(rng, Unfilled):
        return rng.array((rows, columns), dtype)
    W = np.empty((rows, columns), dtype)
    for start in range(0, rows, BLOCK):
        part = W[start : start + BLOCK]
        part[...] = std * rng.standard_normal(part.shape)
    return W


def xavier(n_in, n_out, rng=None, dtype=np.float32):
    """(n_in, n_out) uniform in +-sqrt(6 / (n_in + n_out)). Glorot and Bengio 2010, equation 16."""
    n_in, n_out = (as_number("xavier", "n_in and n_out", n, least=1, whole=True) for n in (n_in, n_out))
    limit, rng = np.sqrt(6 / (n_in + n_out)), as_rng("xavier", rng)
    if isinstance(rng, Unfilled):
        return rng.array((n_in, n_out), dtype)
    return rng.uniform(-limit, limit, (n_in, n_out)).astype(dtype)


def orthogonal(n, rng=None, dtype=np.float32):
    """(n, n) orthogonal, uniformly distributed: any number of products keeps lengths. Saxe et al. 2014."""
    rng, (n,) = as_rng("orthogonal", rng), as_sizes("orthogonal", n=n)
    if isinstance(rng, Unfilled):
        return rng.array((n, n), dtype)
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return (q * np.sign(np.diagonal(r))).astype(dtype)


def gate_blocks(init, count, *sizes, rng=None, dtype=np.float32):
    """`count` matrices of one initializer, concatenated along the columns: each gate is initialized by itself."""
    rng = as_rng("gate_blocks", rng)
    if isinstance(rng, Unfilled):
        return rng.array((sizes[0], count * sizes[-1]), dtype)
    return np.hstack([init(*sizes, rng=rng, dtype=dtype) for _ in range(count)])


def zeros(shape, rng=None, dtype=np.float32):
    """Zeros, without memory where a generator (`unfilled.ShapesOnly`) says so. shape: tuple of int."""
    return rng.array(shape, dtype) if isinstance(rng, Unfilled) else np.zeros(shape, dtype)


def ones(shape, rng=None, dtype=np.float32):
    """As `zeros`."""
    return rng.array(shape, dtype) if isinstance(rng, Unfilled) else np.ones(shape, dtype)


def forget_bias_one(hidden_size, dtype=np.float32, rng=None):
    """(4H,) LSTM bias, gate order f, g, i, o: 1 for the forget gate, 0 elsewhere. Jozefowicz et al. 2015."""
    (hidden_size,) = as_sizes("forget_bias_one", hidden_size=hidden_size)
    b = zeros((4 * hidden_size,), rng, dtype)
    if not isinstance(rng, Unfilled):
        b[:hidden_size] = 1
    return b
