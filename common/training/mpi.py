"""Several processes of MPI, on one machine or more: `mpiexec -n 2 sentifish train ...`. Each runs the whole program.

What they share is a `parallel.DataParallel`; here is how they find each other, and how they end together. mpi4py is
imported only where mpiexec started several ranks; NumPy is not, so that a rank that cannot import it can end all.
"""

import atexit
import contextlib
import os
import signal
import sys
import time
import warnings

from common.cores import CONNECTION, rank_started, ranks_started
from common.training.terminal import write_line

GRACE = 3  # seconds that the first rank has to end, or to report an error, before another does
FORWARD = 0.5  # seconds that mpiexec has to pass on what was printed: after Abort it may not
POLL = 0.01  # seconds between two looks for a message
_comm, _one_program = None, False  # of all ranks, once it is known; whether they run one program


def world():
    """The communicator of all ranks; None in a process that runs alone. ValueError where mpi4py does not fit mpiexec.

    From then on, a rank that ends by an uncaught exception ends all of them, which would otherwise wait for it forever.
    """
    global _comm
    started = ranks_started()
    if started < 2:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # of an mpiexec that does not fit: said below
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: it finds no library of MPI
        expected = "expected mpi4py (pip install 'sentifish[mpi]')"
        raise ValueError(f"mpiexec started {started} ranks: {expected}, got: {error}") from None
    if MPI.COMM_WORLD.size != started:
        why = "it belongs to another MPI, or a variable such as PMI_SIZE was left over"
        raise ValueError(f"mpiexec started {started} ranks, mpi4py sees {MPI.COMM_WORLD.size}: {why}")
    _comm = MPI.COMM_WORLD
    atexit.unregister(_abort_after_error)  # at most once, however often this is called
    atexit.register(_abort_after_error)
    return _comm


def join():
    """`world` for a program that all ranks run together: from now on `end_with` ends all of them."""
    global _one_program
    _one_program = True
    return world()


def joined():
    """The communicator of ranks that run one program together; None where it runs alone."""
    return _comm if _one_program else None


def tell(comm, message):
    """From the first rank to all others, which `hear` it."""
    for rank in range(1, comm.size):
        comm.send(message, rank)


def hear(comm):
    """-> the next message of the first rank. Waiting costs no load, and a signal ends it."""
    while not comm.iprobe(source=0):
        time.sleep(POLL)
    return comm.recv(source=0)


def end_with(line, code):
    """Print to stderr why this process ends. Of ranks that have joined, it ends all with `code`, and does not return;
    an error that all of them have is printed by the first alone.
    """
    if _one_program:
        end_all(line, code)
    write_line(sys.stderr, line)


def end_all(line, code):
    """`end_with` for ranks that have joined, or cannot."""
    with contextlib.suppress(ValueError):  # of another thread
        for number in (signal.SIGINT, signal.SIGTERM):  # it ends already
            signal.signal(number, signal.SIG_IGN)
    rank = rank_started()
    if rank and (code_of_first := _code_within(GRACE)):  # the first ends, too, and has said why
        sys.modules["mpi4py.MPI"].Finalize()
        os._exit(code_of_first)
    write_line(sys.stderr, f"{line} (rank {rank} of {ranks_started()}, which ends all)")
    time.sleep(FORWARD)
    if _comm is not None:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # for MPICH's own line, which says nothing more
        _comm.Abort(code)
    elif CONNECTION in os.environ:  # others may wait in MPI_Init, where an exit does not end them
        with contextlib.suppress(OSError, ValueError):
            os.write(int(os.environ[CONNECTION]), b"cmd=abort exitcode=%d\n" % code)  # as Abort does
            time.sleep(FORWARD)
    os._exit(code)


def _code_within(seconds):
    """The exit code that the first rank tells in this time; None where it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if _one_program and _comm is not None and _comm.iprobe(source=0):
            message = _comm.recv(source=0)
            if isinstance(message, int):
                return message
        time.sleep(POLL)
    return None


def _abort_after_error():
    """At exit: the traceback of an uncaught exception is printed, and MPI_Finalize would wait for the other ranks."""
    if hasattr(sys, "last_value"):
        end_all("an unexpected error", 1)
