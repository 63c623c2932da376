"""Ctrl-C and SIGTERM as exceptions while a command runs."""

import contextlib
import signal
import sys
import threading
import time

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 2.0  # seconds after a signal in which a further one does not disturb what is cleaned up
AGAIN = 0.05  # seconds after which an exception that was lost is raised again


class Terminated(BaseException):
    """Raised on SIGTERM, as KeyboardInterrupt is on Ctrl-C."""


def _raise(number):
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


@contextlib.contextmanager
def terminable():
    """SIGTERM raises Terminated inside the block, so that context managers clean up."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: _raise(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Interruptible:
    """The signals of a program, from its start: they raise KeyboardInterrupt and Terminated, each time once."""

    def __init__(self):
        self.last = -PATIENCE

    def __enter__(self):
        """Let them raise from now on."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # of a job in the background
                signal.signal(number, self._handle)
        sys.unraisablehook = self._lost

    def __exit__(self, *error):
        """Let them do nothing from now on: the work is done. Under MPI, which waits for other ranks, they end it."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL if "mpi4py" in sys.modules else signal.SIG_IGN)

    def _handle(self, number, frame):
        now = time.monotonic()
        if now - self.last >= PATIENCE:
            self.last = now
            _raise(number)

    def _lost(self, unraisable):
        """An exception that came where none can be raised, as in __del__: a signal is sent again, a bit later."""
        number = {KeyboardInterrupt: signal.SIGINT, Terminated: signal.SIGTERM}.get(unraisable.exc_type)
        if number is None:
            sys.__unraisablehook__(unraisable)
            return
        self.last = -PATIENCE
        timer = threading.Timer(AGAIN, signal.pthread_kill, [threading.main_thread().ident, number])
        timer.daemon = True
        timer.start()
