"""How many processes may compute side by side on this machine: of a training, of answers, of reading texts."""

import os
import stat
import sys

VARIABLE = "SENTIFISH_PROCESSES"  # a number that overrules what is chosen here; 1 in the processes that are started
shared_by = 1  # how many processes of one job, each busy with its part, share the cores now
QUOTA = "/sys/fs/cgroup/cpu.max"  # of a Linux container: microseconds of each period, or "max"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # BLAS obeys them, and so do we
RANK_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # how many ranks MPICH's or Open MPI's mpiexec started
OWN_RANK = ("PMI_RANK", "OMPI_COMM_WORLD_RANK")  # which of them this one is, from 0
CONNECTION = "PMI_FD"  # to MPICH's mpiexec: a socket that a rank is born with, and a process that it starts has not


def cores():
    """How many cores this process may use: those it is bound to, and no more than its container's share of time."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open(QUOTA, encoding="ascii") as file:
            quota, period = file.read().split()
        return max(1, min(count, round(int(quota) / int(period))))
    except (OSError, ValueError):  # another system; "max": no limit
        return count


def can_fork():
    """Whether a process can be started as a copy of this one. Not on Windows; on macOS its libraries forbid it."""
    return sys.platform not in ("win32", "darwin", "emscripten", "wasi") and hasattr(os, "fork")


def most_processes(given=None):
    """How many processes work may be shared among: `given`, else what the variable says, else a process for each core,
    or for as many cores as one of THREAD_VARIABLES gives BLAS.

    1 where there is no fork, and for a rank of mpiexec, unless more are given. ValueError for anything but a whole
    number from 1 on, and for more than 1 where processes cannot be started so.
    """
    called, asked = "processes", given
    if given is None and os.environ.get(VARIABLE):
        called = VARIABLE
        asked = os.environ[VARIABLE]
        asked = int(asked) if asked.isdecimal() else asked
    if asked is None:
        return max(1, cores() // threads_asked()) if can_fork() and ranks_started() == 1 else 1
    if type(asked) is not int or asked < 1:
        raise ValueError(f"{called}: expected a whole number from 1 on, got {asked!r}")
    if asked > 1 and not can_fork():
        raise ValueError(f"{called}: expected 1 on {sys.platform}, where a process has no safe copy, got {asked}")
    if asked > 1 and ranks_started() > 1:
        raise ValueError(f"{called}: expected 1 for each rank of mpiexec, got {asked}")
    return asked


def ranks_started():
    """How many processes mpiexec started together, this one among them; 1 without it, and where the variable holds no
    number or was left over from a process that started this one.
    """
    return max(1, *map(_number, RANK_VARIABLES)) if _may_be_rank() else 1


def rank_started():
    """Which of `ranks_started` this process is, from 0; 0, which speaks, where the variable can be none of theirs."""
    rank = max(map(_number, OWN_RANK))
    return rank if rank < ranks_started() else 0


def _number(name):
    """A variable as a whole number; 0 where it is none, or absent."""
    value = os.environ.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0


def _may_be_rank():
    """Whether the connection to mpiexec is there, where one is named."""
    if CONNECTION not in os.environ:
        return True
    try:
        return stat.S_ISSOCK(os.fstat(_number(CONNECTION)).st_mode)
    except OSError:
        return False


def threads_asked():
    """How many threads the environment wants BLAS to have in each process; 1 where it says nothing."""
    return max([1, *(int(value) for name in THREAD_VARIABLES if (value := os.environ.get(name, "")).isdecimal())])
