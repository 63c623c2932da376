"""Atomic writes: to a temporary file in the same folder, which is synced and then renamed.

A writer locks its temporary file. Whoever gets the lock of one knows that it was left by a process that died: the
system releases the locks of a process when it ends.
"""

import contextlib
import errno
import os
import secrets

try:
    import fcntl
except ImportError:  # Windows: folders cannot be opened there, so they are neither locked nor synced
    fcntl = None

from common.files.held_folder import place

SUFFIX = ".partial.tmp"


def write_atomically(path, pieces):
    """Write bytes-like `pieces`, one after the other, as the file `path`; a reader sees the old file or the new one.

    OSError naming `path` where that fails: the old file is intact (or the new one, where only the folder could not be
    synced), and the temporary file is removed, where that is possible. A pipe that somebody reads, or a device such as
    /dev/null, is written into: a file in its place would be another thing. A symbolic link stays; what it names is
    written. In a folder that is held (`held_folder`) the file goes into that, wherever it is now.
    """
    named = os.fspath(path)
    path = place(named)
    if fcntl and os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        with open(_open_device(path, named), "wb", buffering=0) as file:
            os.set_blocking(file.fileno(), True)
            _write_all(file, pieces)
        return
    target = os.path.realpath(path) if os.path.islink(path) else path
    temporary = f"{target}.{secrets.token_hex(8)}{SUFFIX}"
    try:
        with _opened_folder(target) as folder:
            try:
                with open(temporary, "xb", buffering=0) as file:
                    _lock(file.fileno())
                    _write_all(file, pieces)
                    os.fsync(file.fileno())
                os.replace(temporary, target)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            if folder is not None:
                os.fsync(folder)  # so that the new name survives a power failure, too
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), named) from None


def _open_device(path, named):
    """A descriptor of a pipe or a device that exists, without waiting for a reader."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        why = "expected the name of a file, got a pipe that nobody reads, or a socket"
        raise OSError(errno.ENXIO, why, named) from None


def _write_all(file, pieces):
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]  # the system may write only a part


def remove_stale(folder):
    """Remove the temporary files of writers that died; -> their names. Where files cannot be locked, all stay."""
    removed = []
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if name.endswith(SUFFIX) and os.path.isfile(path):
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    if _lock(file.fileno()):
                        os.unlink(path)
                        removed.append(name)
    return removed


@contextlib.contextmanager
def _opened_folder(path):
    """A handle of the folder of `path`; None where it cannot be opened."""
    with contextlib.ExitStack() as stack:
        handle = None
        with contextlib.suppress(OSError):
            handle = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
            stack.callback(os.close, handle)
        yield handle


def _lock(handle):
    """Lock a file without waiting; -> whether that worked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, AttributeError):  # locked by somebody else, or a system without locks
        return False
    return True
