"""A time limit for what is tested."""

import contextlib
import signal


class TooLong(BaseException):
    """No Exception, which what is tested might take for an error of a file."""


@contextlib.contextmanager
def time_limit(seconds):
    """TooLong in the block after so many seconds, where the system has such an alarm."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(signum, frame):
        raise TooLong(f"expected an answer within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
