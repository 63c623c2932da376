"""The processes of one machine that share a job: the leader, and copies of it (fork) that follow its orders.

Small things go through pipes, arrays through a block of memory that all of them see; it has no name, needs no file
system, and is gone with its last process. `processes_together` trains with it.
"""

import functools
import mmap

import numpy as np

from common.forked import ForkedProcess, ProcessDied

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
        self.followers, self.leader, self.at = [], None, 0  # leader: of a follower, the connection to it

    def start(self, follow):
        """Fork the followers; each calls follow(), which ends with the leader."""
        for rank in range(1, self.size):
            name = f"process {rank + 1} of {self.size} that work together"
            work = functools.partial(self._run, follow, rank)
            self.followers.append(ForkedProcess(name, self.followers, self.size, work))

    def _run(self, follow, rank, leader):
        """In a follower."""
        self.rank, self.leader, self.followers = rank, leader, []
        try:
            follow()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the leader is gone
        except BaseException as error:
            own = type(error).__module__ != "builtins"  # it may not come out of a pipe as it went in
            leader.send(RuntimeError(f"{type(error).__name__}: {error}") if own else error)

    def close(self):
        """End the followers."""
        for follower in self.followers:
            follower.end()
        self.followers = []

    def order(self, *what):
        """The leader: tell the followers what to do next, after what was broadcast for it."""
        for follower in self.followers:
            self._send(follower, what)
        self.at = 0

    def next_order(self):
        """A follower: wait for it."""
        self.at = 0
        return self.leader.recv()

    def allgather(self, thing):
        if self.rank > 0:
            self.leader.send(thing)
            return self.leader.recv()
        things = [thing, *map(self._receive, self.followers)]
        for follower in self.followers:
            self._send(follower, things)
        return things

    def Bcast(self, a, root=0):
        if self.rank > 0:
            a[...] = self._place(0, a)
        elif self.followers:  # else all are one process
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
            self.leader.send(start)
            return [own]
        starts = [self.room * rank + self._receive(follower) for rank, follower in enumerate(self.followers, 1)]
        return [own, *(np.frombuffer(self.block, own.dtype, n, start) for n, start in zip(counts[1:], starts))]

    def _place(self, rank, a):
        """The next free place for an array like a in the part of a process, as an array."""
        start = self.room * rank + self.at
        self.at += room_for(a.nbytes)
        return np.frombuffer(self.block, a.dtype, a.size, start).reshape(a.shape)

    def _send(self, follower, thing):
        try:
            return follower.connection.send(thing)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self._receive(follower)  # its last word, if there is one

    def _receive(self, follower):
        """The next message of a follower; its error is raised here."""
        try:
            thing = follower.connection.recv()
        except (EOFError, ConnectionResetError):
            thing = ProcessDied(f"{follower.name} {follower.end()}")
        if isinstance(thing, BaseException):
            raise thing
        return thing


def room_for(size):
    """Bytes of the block that an array of `size` bytes takes."""
    return -(-size // ALIGNED) * ALIGNED
