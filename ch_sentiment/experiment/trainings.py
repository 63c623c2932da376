"""Several trainings at a time, each in a process of its own on one core: what compares settings trains so.

The data is in memory once, the nets of those that train now are there beside each other.
"""

import contextlib
import mmap
import signal
import sys

from common.cores import most_processes
from common.forked import SIGNALS
from common.processes import map_in_order
from common.training.callbacks import Callback, Progress


class TrainingStopped(Exception):
    """A signal ended a training before its end. reason: the name of the signal."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def at_a_time(given, count, run):
    """-> how many of `count` trainings may go on at a time: as `most_processes(given)`; on a GPU one. run: RunOptions.
    ValueError.
    """
    most = most_processes(given)
    return 1 if run.device == "gpu" else max(1, min(most, count))


def train_each(train, items, processes, quiet=False):
    """(name, train(item, callbacks)) for each (name, item) of `items`, in their order: a generator.

    train: raises TrainingStopped after a signal; what it returns is pickled where there are several processes. They
    stop after the step in which the first Ctrl-C or SIGTERM came; what was done by then is still returned, and then
    TrainingStopped is raised. A second signal ends all at once. quiet: without progress on stderr.
    """
    if processes == 1:
        for name, item in items:
            yield name, train(item, [] if quiet else [Progress()])
        return
    received = mmap.mmap(-1, 1)  # the number of the signal that came, or 0, in memory that all processes share
    names, stopped = [], None

    def begun():
        for name, item in items:
            names.append(name)
            yield name, item
            if received[0]:
                return

    def result(named):
        name, item = named
        try:
            if received[0]:
                raise TrainingStopped(signal.Signals(received[0]).name)
            return train(item, [StopAfterSignal(received), *([] if quiet else [Progress(file=_Named(name))])])
        except TrainingStopped as stopped:
            received[0] = signal.Signals[stopped.reason]
            return stopped

    with _kept_in(received):
        for i, found in enumerate(map_in_order(result, begun(), processes)):
            if isinstance(found, TrainingStopped):
                stopped = stopped or found
            else:
                yield names[i], found
    if stopped is not None or received[0]:
        raise stopped or TrainingStopped(signal.Signals(received[0]).name)


@contextlib.contextmanager
def _kept_in(received):
    """Inside, the first of SIGNALS is written to `received`, and then they have their handlers again."""

    def note(number, frame):
        received[0] = number
        restore()

    def restore():
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may set a handler
        before |= {each: signal.signal(each, note) for each in SIGNALS}
    try:
        yield
    finally:
        restore()


class StopAfterSignal(Callback):
    """Ends a training after the step in which the number of a signal stands in `received`."""

    def __init__(self, received):
        self.received = received

    def on_step_end(self, trainer):
        if self.received[0]:
            trainer.stop(signal.Signals(self.received[0]).name)


class _Named:
    """Standard error, with the name of a training before each line: one of several has no bar."""

    def __init__(self, name):
        self.name = name

    def write(self, text):
        sys.stderr.write(f"{self.name}: {text}")

    def flush(self):
        sys.stderr.flush()
