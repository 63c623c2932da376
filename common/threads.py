"""Two calls at once, on two cores.

NumPy lets go of Python's interpreter while it computes, so a second thread gains where operations are large; on small
ones both would wait for the interpreter more than they gain. Each call's arithmetic is the same as alone, bit by bit.
"""

import contextvars
import os
from concurrent.futures import ThreadPoolExecutor

LARGE = 3_000_000  # multiply-adds of a step from which two threads were measured to be faster than one
RANK_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # how many ranks MPICH's or Open MPI's mpiexec started


def ranks_started():
    """How many processes mpiexec started together; 1 without it."""
    return max(int(os.environ.get(name, 1)) for name in RANK_VARIABLES)


def blas_threads():
    """How many threads BLAS was told to use: text, or None where it was told nothing and takes all cores."""
    return os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")


def spare_core():
    """Whether each rank has two cores, and a BLAS that keeps to one of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return blas_threads() == "1" and cores >= 2 * ranks_started()


SPARE_CORE = spare_core()  # as it was when BLAS was loaded, which read the same variables


def both(first, second, work):
    """-> first(), second(). At once where there is a core to spare and `work`, in multiply-adds of a step, is large."""
    if not SPARE_CORE or work < LARGE:
        return first(), second()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(contextvars.copy_context().run, second)  # in our context: np.errstate of NumPy 2
        return first(), other.result()
