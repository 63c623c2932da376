"""A lock between processes: whoever comes second waits until the first has done its work or has died, or is told.
The system keeps it and lets go of it with the process, so there is no stale lock to be cleared away."""

import contextlib
import errno
import os
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_BUSY = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # whichever the system says for "another one has it"
_LOOK_AGAIN = 0.05  # seconds


@contextlib.contextmanager
def locked(path):
    """Hold the lock of a file, which is made where it is missing; threads of one process exclude each other too.

    It waits as long as another one holds it. On a file system that knows no locks it goes on without.
    OSError where the file cannot be made.
    """
    while (handle := _acquired(path)) is None:
        time.sleep(_LOOK_AGAIN)
    try:
        yield
    finally:
        os.close(handle)  # lets go of the lock as well


@contextlib.contextmanager
def locked_if_free(path):
    """As `locked`, without waiting: -> whether the lock is held; False where another one has it."""
    handle = _acquired(path)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _acquired(path):
    """The handle of the file, locked; None while another one has it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _try_lock(handle):
                os.close(handle)
                return None
            # Whoever had it may have removed the file: then this lock binds nobody, and the next file is the one.
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _try_lock(handle):
    """True with the lock, or where there are no locks; False while another one has it."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        return error.errno not in _BUSY
    return True
