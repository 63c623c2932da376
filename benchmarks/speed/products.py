"""The matrix products of a piece of work: how long they take inside it, and how long the same products take alone.

And the rate of a large product: what BLAS reaches of the machine's peak.
"""

import contextlib
import math
import statistics
import time
from multiprocessing import get_context

import numpy as np
from threadpoolctl import threadpool_limits

REPEATS = 7
LARGE = 2048  # rows and columns of a product in which BLAS is at its best


class Recorder:
    """Replaces np.matmul and records every product: shapes, memory order, and the seconds of all of them."""

    def __init__(self):
        self.matmul = np.matmul
        self.shapes, self.seconds = [], 0.0

    def __call__(self, a, b, **keywords):
        start = time.perf_counter()
        result = self.matmul(a, b, **keywords)
        self.seconds += time.perf_counter() - start
        self.shapes.append((_form(a), _form(b)))
        return result

    def operations(self):
        """Multiplications and additions of all products."""
        return sum(2 * math.prod(a) * b[-1] for (a, _), (b, _) in self.shapes)


@contextlib.contextmanager
def recorded():
    """-> a Recorder of the calls of np.matmul inside the block. It does not see products written with `@`."""
    recorder = Recorder()
    np.matmul = recorder
    try:
        yield recorder
    finally:
        np.matmul = recorder.matmul


def seconds_alone(shapes):
    """The median time of all these products in a row, on arrays of their own: a lower bound on this machine."""
    forms = {form for pair in shapes for form in pair}
    arrays = {form: _array(*form) for form in forms}
    outs = {pair: np.matmul(*(arrays[form] for form in pair)) for pair in set(shapes)}
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for a, b in shapes:
            np.matmul(arrays[a], arrays[b], out=outs[a, b])
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def rate_on_all_cores(recorder, n):
    """Operations a second of the same products in n processes at once, one thread each."""
    with threadpool_limits(1, "blas"), get_context("fork").Pool(n) as pool:
        seconds = pool.map(seconds_alone, [recorder.shapes] * n, chunksize=1)
    return sum(recorder.operations() / s for s in seconds)


def large_rate():
    """Operations a second of a large square product."""
    a, b = _array((LARGE, LARGE), False), _array((LARGE, LARGE), False)
    out = np.matmul(a, b)
    seconds = []
    for _ in range(REPEATS // 2):
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * LARGE**3 / min(seconds)


def _form(a):
    """Shape, and whether it is a transposed matrix."""
    return a.shape, a.ndim == 2 and a.flags.f_contiguous and not a.flags.c_contiguous


def _array(shape, transposed):
    a = np.full(shape[::-1] if transposed else shape, 0.5, np.float32)
    return a.T if transposed else a
