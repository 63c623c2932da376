"""Work shared among processes of this machine: each is a copy (fork) of this one, with all that it had in memory.

Nothing but items and results travels between them, and they share the memory of what they only read: a model's weights.
"""

import contextlib
import os
import threading
import time
from collections import deque
from queue import SimpleQueue

from common import cores
from common.forked import ForkedProcess, ProcessDied

AHEAD = 3  # items for each process that may be taken before it is their turn
PAUSE = object()  # among the items: what came before it is answered before the next item is asked for
WORTH = 0.05  # seconds of work after which it is worth it to start processes for more


def map_in_order(function, items, processes, alone=0.0):
    """The results of function(item) for every item, in order: a generator, computed by `processes` copies of this one.

    items: an iterable, perhaps endless, of what can be pickled, as the results are; only AHEAD of them for each process
    are taken before it is their turn. alone: seconds of work that are done here first, since starting processes costs
    some, too; with processes=1 all of it is. A process is started when there is an item for it: what `function` refers
    to is what it was then.

    An error of `function`, or of `items`, is raised here, after the results of the items before it; ProcessDied where a
    process was killed. None is left when the generator ends, fails or is closed, or when this process ends, however.
    The processes have one BLAS thread, start no others, and leave Ctrl-C and SIGTERM to this one.
    """
    items, spent = iter(items), 0.0
    while processes == 1 or spent < alone:
        try:
            item = next(items)
        except StopIteration:
            return
        if item is not PAUSE:
            start = time.perf_counter()
            result = function(item)
            spent += time.perf_counter() - start
            yield result
    yield from _shared(function, items, processes)


def map_on_cores(function, items, processes=None):
    """`map_in_order` in as many processes as `cores.most_processes(processes)` says, where there is work for them."""
    return map_in_order(function, items, cores.most_processes(processes), WORTH)


def _shared(function, items, processes):
    from multiprocessing.connection import wait  # not above: most programs start no process

    workers, order = [], deque()  # order: the worker of each item that was taken and whose result was not yet
    more, paused, failure = True, False, None
    try:
        while more or order:
            free = next((worker for worker in workers if not worker.busy), None)
            if more and not paused and len(order) < AHEAD * processes and (free or len(workers) < processes):
                try:
                    item = next(items)
                except StopIteration:
                    more = False
                    continue
                except Exception as error:
                    more, failure = False, error
                    continue
                if not (paused := item is PAUSE):
                    if free is None:
                        workers.append(free := _Worker(function, workers, processes))
                    free.send(item)
                    order.append(free)
            elif order and order[0].results:
                failed, result = order.popleft().results.popleft()
                if failed:
                    raise result
                yield result
            elif order:
                ready = wait([worker.connection for worker in workers])
                for worker in workers:
                    if worker.connection in ready:
                        worker.receive()
            paused = paused and len(order) > 0
        if failure is not None:
            raise failure
    finally:
        for worker in workers:
            worker.end()


class _Worker(ForkedProcess):
    """A copy of this process that works on one item after the other."""

    def __init__(self, function, others, processes):
        self.busy, self.results = False, deque()  # results: (whether it failed, result or error)
        name = f"process {len(others) + 1} of {processes}"
        super().__init__(name, others, processes, lambda end: _work(function, end))

    def send(self, item):
        with contextlib.suppress(OSError):  # it has died: `receive` says so
            self.connection.send(item)
        self.busy = True

    def receive(self):
        try:
            self.results.append(self.connection.recv())
        except (EOFError, OSError):
            raise ProcessDied(f"{self.name} {self.end()}") from None
        self.busy = False


def _work(function, connection):
    """What a copy does until the other end of the connection is closed."""
    items = SimpleQueue()

    def receive():  # in a thread, which notices the end of the first process in the midst of work, too
        try:
            while True:
                items.put(connection.recv())
        finally:
            os._exit(0)

    threading.Thread(target=receive, daemon=True).start()
    while True:
        connection.send_bytes(_answer(function, items.get()))


def _answer(function, item):
    """(False, the result of an item), or (True, its error), pickled."""
    from multiprocessing.reduction import ForkingPickler

    try:
        return ForkingPickler.dumps((False, function(item)))
    except BaseException as error:
        try:
            answer = ForkingPickler.dumps((True, error))
            ForkingPickler.loads(answer)
            return answer
        except Exception:  # an error that pickle does not write, or not read
            return ForkingPickler.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))
