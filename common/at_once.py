"""Two calls at once, on two cores.

NumPy lets go of Python's interpreter while it computes, so a second thread gains where operations are large; on small
ones both would wait for the interpreter more than they gain. Each call's arithmetic is the same as alone, bit by bit.
"""

import contextvars
import os
from concurrent.futures import ThreadPoolExecutor

LARGE = 3_000_000  # multiply-adds of a step from which two threads were measured to be faster than one
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
BLAS_THREADS = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
SPARE_CORE = CORES > 1 and BLAS_THREADS == "1"  # else BLAS has threads of its own, and they get in each other's way


def both(first, second, work):
    """-> first(), second(). At once where there is a core to spare and `work`, in multiply-adds of a step, is large."""
    if not SPARE_CORE or work < LARGE:
        return first(), second()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(contextvars.copy_context().run, second)  # in our context: np.errstate of NumPy 2
        return first(), other.result()
