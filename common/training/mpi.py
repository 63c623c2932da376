"""Several processes of MPI, on one machine or more: `mpiexec -n 2 sentifish train ...`. Each runs the whole program.

What they share is a `parallel.DataParallel`; here is how they find each other, and how they end together. mpi4py is
imported only where mpiexec started several ranks.
"""

import atexit
import sys
import time

from common.cores import ranks_started
from common.training.callbacks import StopOnSignal
from common.training.terminal import write_line

GRACE = 2  # seconds that the first rank has to report an error before another does
FORWARD = 0.5  # seconds that mpiexec has to pass on what was printed: after Abort it may not


def world():
    """The communicator of all ranks; None in a process that runs alone. ValueError where mpi4py does not fit mpiexec.

    From then on, a rank that ends by an uncaught exception ends all of them, which would otherwise wait for it forever.
    """
    started = ranks_started()
    if started < 2:
        return None
    try:
        from mpi4py import MPI
    except ImportError as error:
        expected = "expected mpi4py (pip install 'sentifish[mpi]')"
        raise ValueError(f"mpiexec started {started} ranks: {expected}, got: {error}") from None
    comm = MPI.COMM_WORLD
    if comm.size != started:
        raise ValueError(f"mpiexec started {started} ranks, mpi4py sees {comm.size}: it belongs to another MPI")
    atexit.unregister(_abort_after_error)  # at most once, however often this is called
    atexit.register(_abort_after_error)
    return comm


def end_with(line, code):
    """Print to stderr why this process ends. Under MPI, end all ranks with `code`; an error that all of them have is
    printed by the first alone.
    """
    try:
        comm = world()
    except ValueError:
        comm = None
    if comm is None:
        write_line(sys.stderr, line)
        return
    time.sleep(GRACE if comm.rank else 0)
    write_line(sys.stderr, f"{line} (rank {comm.rank} of {comm.size}, which ends all)")
    time.sleep(FORWARD)
    comm.Abort(code)


def _abort_after_error():
    """At exit: the traceback of an uncaught exception is printed, and MPI_Finalize would wait for the other ranks."""
    if hasattr(sys, "last_value"):
        end_with("an unexpected error", 1)


class StopTogether(StopOnSignal):
    """A signal to any rank ends training on all of them after the same step. It comes before `Checkpoint`."""

    def __init__(self, comm, signals):
        super().__init__(signals)
        self.comm, self.reason = comm, None

    def stop(self, reason):
        self.reason = reason

    def on_fit_start(self, trainer):
        self.reason = None
        super().on_fit_start(self)  # the signal stops this, and this stops the trainer

    def on_step_end(self, trainer):
        reasons = [reason for reason in self.comm.allgather(self.reason) if reason]
        if reasons:
            trainer.stop(reasons[0])
