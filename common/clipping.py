"""The clipping of gradients before a step, by their common norm or by element, block by block."""

import math

import numpy as np

from common.arrays.checks import as_number
from common.arrays.row_grad import plain, touched_rows
from common.gpu.kernels import on_gpu

BLOCK = 16384  # elements processed at a time: five arrays of them stay in the processor's cache


def clip_grads(grads, max_norm, names=None):
    """Scale all gradients, in place, so that their common Euclidean norm is at most max_norm. Pascanu et al. 2013.

    Returns the norm before clipping (float). max_norm None or inf: no clipping. FloatingPointError naming (by `names`,
    else by position) the first gradient with a NaN or an infinity; then no gradient is changed.
    """
    if max_norm is not None:
        max_norm = as_number("clip_grads", "max_norm", max_norm, above=0, finite=False, hint=" (None: no clipping)")
    norm = math.sqrt(sum(map(_square_sum, grads)))
    if not math.isfinite(norm):
        raise FloatingPointError(f"the gradient of {first_non_finite(grads, names)} is not finite")
    rate = 1.0 if max_norm is None else float(max_norm) / (norm + 1e-6)
    if rate < 1:
        for g in grads:
            for part in parts_of(g):
                plain(g)[part] *= rate
    return norm


def clip_elements(grads, limit):
    """Clip every element of all gradients, in place, to [-limit, limit]. ValueError unless limit > 0."""
    limit = as_number("clip_elements", "limit", limit, above=0, finite=False)
    for g in grads:
        for part in parts_of(g):
            plain(g)[part] = np.clip(plain(g)[part], -limit, limit)


def first_non_finite(grads, names=None):
    """The name of the first gradient with a NaN or an infinity; None if all are finite."""
    for i, g in enumerate(grads):
        if not math.isfinite(_square_sum(g)):
            return names[i] if names is not None else f"parameter {i} {g.shape}"
    return None


def _square_sum(g):
    """The sum of squares; in float64 where float32 is too narrow for it."""
    rows = touched_rows(g)
    flat = g.ravel("K") if rows is None else plain(g).take(rows, axis=0).ravel()
    total = float(np.vdot(flat, flat))
    if 1e-30 < total < math.inf:
        return total
    return sum(float(np.square(plain(g)[part], dtype=np.float64).sum()) for part in parts_of(g))


def parts_of(g):
    """Blocks of about BLOCK elements that can differ from zero: slices of axis 0, or ids of the touched rows."""
    rows = touched_rows(g)
    if g.ndim == 0 or on_gpu(g) or (rows is None and g.size <= BLOCK):
        return [...]  # a single block
    block = max(1, BLOCK * len(g) // max(g.size, 1))  # rows
    slices = [slice(i, i + block) for i in range(0, len(g if rows is None else rows), block)]
    return slices if rows is None else [rows[part] for part in slices]
