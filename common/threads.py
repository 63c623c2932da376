"""How many threads compute: one in BLAS, and a second one in Python where a whole direction can be given to it.

The products of a recurrent step are small: a second BLAS thread gains little on an idle machine, and on a busy one the
two wait for each other, which can make a step many times as slow. docs/threads.md has the numbers.
"""

import contextvars
import os
import sys
import threading
from contextlib import ContextDecorator
from functools import cache

from common import cores
from common.cores import THREAD_VARIABLES

LARGE = 3_000_000  # multiply-adds of a step from which two threads were measured to be faster than one


class one_blas_thread(ContextDecorator):
    """Limit BLAS to one thread inside, and put back the number that it had.

    May be nested and entered by several Python threads: the setting is the process's own, so the first that enters
    sets it and the last that leaves restores it. Does nothing where one of THREAD_VARIABLES is set. Where NumPy is not
    imported yet, the variables are set meanwhile: BLAS then starts with one thread, faster, and keeps it.
    """

    _lock = threading.Lock()
    _depth = 0
    _own = threading.local()  # depth: how many of these blocks are this Python thread's own
    _before = ()  # (library, number of threads) to restore
    _variables = ()  # that were set, to be removed

    def __enter__(self):
        with self._lock:
            if one_blas_thread._depth == 0 and not any(map(os.environ.get, THREAD_VARIABLES)):
                if "numpy" in sys.modules:
                    one_blas_thread._before = [(library, library.num_threads) for library in _blas_libraries()]
                    for library, _ in self._before:
                        _set_threads(library, 1)
                else:
                    one_blas_thread._variables = THREAD_VARIABLES
                    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
            one_blas_thread._depth += 1
        self._own.depth = getattr(self._own, "depth", 0) + 1
        return self

    def __exit__(self, *error):
        self._own.depth = getattr(self._own, "depth", 0) - 1
        with self._lock:
            one_blas_thread._depth -= 1
            if one_blas_thread._depth == 0:
                self._restore()

    @classmethod
    def _restore(cls):
        for library, number in cls._before:
            _set_threads(library, number)
        for name in cls._variables:
            os.environ.pop(name, None)
        cls._before = cls._variables = ()

    @classmethod
    def _after_fork(cls):
        """In the child only the thread that forked lives on: another's lock would stay locked, its block open."""
        cls._lock = threading.Lock()
        cls._depth = max(0, getattr(cls._own, "depth", 0))
        if cls._depth == 0:
            cls._restore()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=one_blas_thread._after_fork)


@cache
def _blas_libraries():
    """The BLAS libraries of this process, found once; imported here because most commands ask late or never."""
    name = "KMP_DUPLICATE_LIB_OK"  # which the import sets, for this process and all that it starts
    before = os.environ.get(name)
    from threadpoolctl import ThreadpoolController

    if before is None:
        os.environ.pop(name, None)
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _set_threads(library, number):
    # Newer versions of threadpoolctl obey one Python thread alone, lest two contend; here a lock sees to that.
    release = getattr(library, "clear_controlling_thread", lambda force: None)
    release(force=True)
    library.set_num_threads(number)
    release(force=True)


def blas_threads():
    """How many threads BLAS uses now; None where its library is not one that threadpoolctl knows."""
    return max((library.num_threads for library in _blas_libraries()), default=None)


def core_to_spare():
    """Whether BLAS keeps to one core now, and each of the processes that share a job has two."""
    return cores.cores() >= 2 * max(cores.ranks_started(), cores.shared_by) and blas_threads() == 1


def run_concurrently(first, second, work):
    """-> first(), second(): in two threads where a core is free and `work`, the multiply-adds of a step, is large.

    NumPy releases the interpreter lock while it computes; with small operations both would wait for it longer than they
    gain. An error of either call is raised. Each call's arithmetic is the same either way, bit by bit.
    """
    if work < LARGE or not core_to_spare():
        return first(), second()
    from concurrent.futures import ThreadPoolExecutor  # here, since most programs need none

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(contextvars.copy_context().run, second)  # in our context: np.errstate of NumPy 2
        return first(), other.result()
