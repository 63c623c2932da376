"""The processes of one machine that share a job: the leader, and copies of it (fork) that follow its orders.

Small things go through pipes, arrays through a block of memory that all of them see; it has no name, needs no file
system, and is gone with its last process. `processes_together` trains with it.
"""

import gc
import mmap
import multiprocessing
import os
import signal
import warnings
from multiprocessing.util import Finalize

import numpy as np

from common import cores

ALIGNED = 64  # bytes: where an array in the block may begin


class SharedMemory:
    """The communicator, as much of mpi4py's as DataParallel asks for. rank 0 leads; the others follow it.

    room: bytes for what one process says between two orders of the leader; memory is taken where it is written to.
    `Allreduce` brings a follower its own, `Allgatherv` zeros: the leader alone takes the step.
    """

    def __init__(self, size, room):
        self.rank, self.size, self.room = 0, size, room
        try:
            self.block = mmap.mmap(-1, room * size)
        except OSError as error:
            what = f"memory that {size} processes share ({room * size / 1e6:,.0f} MB; one process does without)"
            raise OSError(error.errno, f"{what}: {error.strerror}") from None
        self.followers, self.pipes, self.at = [], [], 0

    def start(self, follow):
        """Fork the followers; each calls follow(), which ends with the leader."""
        Finalize(self, _kill, (self.followers,), exitpriority=10)  # else the end of this process would wait for them
        context = multiprocessing.get_context("fork")
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            for rank in range(1, self.size):
                here, there = context.Pipe()
                self.pipes.append(here)
                self.followers.append(context.Process(target=self._run, args=(rank, there, follow), daemon=True))
                with warnings.catch_warnings():  # of BLAS's threads, which are prepared for a fork
                    warnings.simplefilter("ignore", DeprecationWarning)
                    self.followers[-1].start()
                there.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _run(self, rank, pipe, follow):
        """In a new process: whoever sits at the terminal, or ends the job, speaks to the leader."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
        os.environ[cores.VARIABLE] = "1"
        gc.freeze()  # to look through all objects would copy their pages
        for other in self.pipes:  # while a follower held them open, the end of the leader would not close them
            other.close()
        self.rank, self.pipes = rank, [pipe]
        try:
            follow()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass  # the leader is gone
        except BaseException as error:
            own = type(error).__module__ != "builtins"  # it may not come out of a pipe as it went in
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}") if own else error)
        os._exit(0)  # what is to be done at exit, the leader does

    def close(self):
        """End the followers: they have nothing to keep."""
        _kill(self.followers)
        for follower, pipe in zip(self.followers, self.pipes):
            follower.join()
            pipe.close()
        self.followers.clear()
        self.pipes.clear()

    def order(self, *what):
        """The leader: tell the followers what to do next, after what was broadcast for it."""
        for i in range(len(self.pipes)):
            self._send(i, what)
        self.at = 0

    def next_order(self):
        """A follower: wait for it."""
        self.at = 0
        return self.pipes[0].recv()

    def allgather(self, thing):
        if self.rank > 0:
            self.pipes[0].send(thing)
            return self.pipes[0].recv()
        things = [thing, *(self._receive(i) for i in range(len(self.pipes)))]
        for i in range(len(self.pipes)):
            self._send(i, things)
        return things

    def Bcast(self, a, root=0):
        if self.rank > 0:
            a[...] = self._place(0, a)
        elif self.pipes:  # else all are one process
            self._place(0, a)[...] = a

    def Allreduce(self, own, total):
        total[...] = own
        for part in self._parts(own, [own.size] * self.size)[1:]:
            total += part

    def Allgatherv(self, own, everyones):
        total, counts = everyones
        parts = self._parts(own, counts)
        if self.rank == 0:
            np.concatenate(parts, out=total.reshape(-1))
        else:
            total[...] = 0

    def _parts(self, own, counts):
        """Of the leader: what each process has, (count,) each. Of a follower, which writes its own for that: [own]."""
        own = own.reshape(-1)
        if self.rank > 0:
            start = self.at
            self._place(self.rank, own)[...] = own
            self.pipes[0].send(start)
            return [own]
        found = [own]
        for rank in range(1, self.size):
            start = self.room * rank + self._receive(rank - 1)
            found.append(np.frombuffer(self.block, own.dtype, counts[rank], start))
        return found

    def _place(self, rank, a):
        """The next free place for an array like a in the part of a process, as an array."""
        start = self.room * rank + self.at
        self.at += room_for(a)
        return np.frombuffer(self.block, a.dtype, a.size, start).reshape(a.shape)

    def _send(self, i, thing):
        try:
            return self.pipes[i].send(thing)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self._receive(i)  # its last word, if there is one

    def _receive(self, i):
        """The next message of a follower; its error is raised here."""
        try:
            thing = self.pipes[i].recv()
        except (EOFError, ConnectionResetError):
            thing = self._gone(i)
        if isinstance(thing, BaseException):
            raise thing
        return thing

    def _gone(self, i):
        """An error that says how a follower has ended."""
        self.followers[i].join(1)
        code = self.followers[i].exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        name = f"process {i + 2} of {self.size} that work together"
        return ChildProcessError(f"{name} has ended ({how}): it was killed, or out of memory")


def room_for(a):
    """Bytes that an array takes in the block."""
    return -(-a.nbytes // ALIGNED) * ALIGNED


def _kill(followers):
    for follower in followers:
        follower.kill()
