"""Atomic writes: to a temporary file in the same folder, which is synced and then renamed.

Writers hold a shared lock on the folder. Whoever gets the exclusive lock knows that every temporary file in there was
left by a process that died: the system releases the locks of a process when it ends.
"""

import contextlib
import os
import secrets

try:
    import fcntl
except ImportError:  # Windows: folders cannot be opened there, so they are neither locked nor synced
    fcntl = None

SUFFIX = ".partial.tmp"


def write_atomically(path, pieces):
    """Write bytes-like `pieces`, one after the other, as the file `path`; a reader sees the old file or the new one.

    OSError naming `path` where that fails: the old file is intact (or the new one, where only the folder could not be
    synced), and the temporary file is removed, where that is possible. A pipe that somebody reads, or a device such as
    /dev/null, is written into: a file in its place would be another thing. A symbolic link stays; what it names is
    written.
    """
    path = os.fspath(path)
    if fcntl and os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        with open(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "wb", buffering=0) as file:  # no wait for a reader
            os.set_blocking(file.fileno(), True)
            _write_all(file, pieces)
        return
    target = os.path.realpath(path) if os.path.islink(path) else path
    temporary = f"{target}.{secrets.token_hex(8)}{SUFFIX}"
    try:
        with _opened_folder(target) as folder:
            if folder is not None:
                _lock(folder, exclusive=False)
            try:
                with open(temporary, "xb", buffering=0) as file:
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
        raise OSError(error.errno, error.strerror or str(error), path) from None


def _write_all(file, pieces):
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]  # the system may write only a part


def remove_stale(folder):
    """Remove the temporary files of writers that died; -> their names. Removes nothing while anybody writes there."""
    removed = []
    with _opened_folder(os.path.join(folder, "")) as handle:
        if handle is not None and _lock(handle, exclusive=True):
            for name in sorted(os.listdir(folder)):
                if name.endswith(SUFFIX):
                    with contextlib.suppress(OSError):
                        os.unlink(os.path.join(folder, name))
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


def _lock(handle, exclusive):
    """Lock a folder, exclusively (without waiting) or shared (waiting for an exclusive one); -> whether that worked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_SH)
    except OSError:  # locked by somebody else, or a file system without locks
        return False
    return True
