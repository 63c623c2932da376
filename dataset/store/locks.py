"""A lock between processes, held on a folder or a file: the operating system releases it when the process ends, however
it ends. Threads of one process exclude each other, too. On a file system without locks the work goes on without one.
Nobody can remove the lock of a folder but with the folder."""

import contextlib
import errno
import os
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_BUSY = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what systems answer if another process holds the lock
_POLL = 0.05  # seconds
IN_FOLDER = ".lock"  # the file of a folder that cannot be locked itself


@contextlib.contextmanager
def locked(path):
    """Wait for the lock of a folder or a file and hold it; what is missing becomes a file. OSError if it cannot be."""
    while True:
        with locked_if_free(path) as held:
            if held:
                yield
                return
        time.sleep(_POLL)


@contextlib.contextmanager
def locked_if_free(path):
    """`locked` without waiting: -> bool, whether the lock is held; False if another process or thread holds it."""
    if fcntl is None and os.path.isdir(path):  # Windows opens no folder, and removes no file that is open
        path = os.path.join(path, IN_FOLDER)
    handle = os.open(path, os.O_RDONLY if os.path.isdir(path) else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield _lock(handle, path)
    finally:
        os.close(handle)  # releases the lock as well


def _lock(handle, path):
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        # If the last holder has removed the file, others lock a new one of this path.
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno not in _BUSY
