"""Ranks of mpiexec without MPI: threads of one process, which share what they exchange."""

import copy
import threading

import numpy as np


class Threads:
    """The ranks of a job as threads, with the calls of an mpi4py communicator that ours make."""

    def __init__(self, size):
        self.size, self.slots = size, [None] * size
        self.barrier = threading.Barrier(size, timeout=300)
        self.sent = [[] for _ in range(size)]  # messages to each rank

    def run(self, work):
        """-> [work(comm) of every rank]; the error of the first rank that had one."""
        results = [None] * self.size

        def rank(i):
            try:
                results[i] = work(OneThread(self, i))
            except BaseException as error:
                results[i] = error
                self.barrier.abort()

        threads = [threading.Thread(target=rank, args=(i,)) for i in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        errors = [r for r in results if isinstance(r, BaseException)]
        for error in sorted(errors, key=lambda e: isinstance(e, threading.BrokenBarrierError)):
            raise error
        return results


class OneThread:
    def __init__(self, job, rank):
        self.job, self.rank, self.size = job, rank, job.size

    def allgather(self, thing):
        self.job.slots[self.rank] = thing
        self.job.barrier.wait()
        things = list(self.job.slots)
        self.job.barrier.wait()
        return things

    def Bcast(self, a, root):
        a[...] = self.allgather(a.copy())[root]

    def Allreduce(self, own, total):
        total[...] = sum(self.allgather(own.copy()))

    def Allgatherv(self, own, everyones):
        a, counts = everyones
        parts = self.allgather(own.copy())
        assert [part.size for part in parts] == list(counts)
        a[...] = np.concatenate(parts)

    def send(self, thing, rank):
        self.job.sent[rank].append(copy.deepcopy(thing))

    def iprobe(self, source):
        return bool(self.job.sent[self.rank])

    def recv(self, source):
        return self.job.sent[self.rank].pop(0)
