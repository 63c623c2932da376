"""A file that is written wholly or not at all: beside its place under another name, synced, then renamed.

While they work, writers share a lock on the folder. Whoever holds it alone knows that each temporary file in there is
a dead writer's: the system lets go of a lock together with its process.
"""

import contextlib
import os
import secrets

try:
    import fcntl
except ImportError:  # Windows: folders cannot be opened there, so they are neither locked nor synced
    fcntl = None

SUFFIX = ".partial.tmp"


def write_whole(path, pieces):
    """Write bytes-like `pieces`, one after the other, as the file `path`; a reader sees the old file or the new one.

    OSError naming `path` where that fails: the old file is whole (or the new one, where only the folder could not be
    synced), and nothing else is left where it can be removed.
    """
    path = os.fspath(path)
    temporary = f"{path}.{secrets.token_hex(8)}{SUFFIX}"
    try:
        with _opened_folder(path) as folder:
            if folder is not None:
                _lock(folder, alone=False)
            try:
                with open(temporary, "xb", buffering=0) as file:
                    for piece in pieces:
                        rest = memoryview(piece)
                        while rest:
                            rest = rest[file.write(rest) :]  # the system may take a part only
                    os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            if folder is not None:
                os.fsync(folder)  # so that the new name, too, outlives a loss of power
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), path) from None


def remove_stale(folder):
    """Remove what writers that died have left in a folder; -> their names. While anybody writes there, nothing is."""
    removed = []
    with _opened_folder(os.path.join(folder, "")) as handle:
        if handle is not None and _lock(handle, alone=True):
            for name in sorted(os.listdir(folder)):
                if name.endswith(SUFFIX):
                    with contextlib.suppress(OSError):
                        os.unlink(os.path.join(folder, name))
                        removed.append(name)
    return removed


@contextlib.contextmanager
def _opened_folder(path):
    """A handle of the folder in which `path` lies; None where it cannot be opened."""
    try:
        handle = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    except OSError:
        handle = None
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _lock(handle, alone):
    """Lock a folder, alone (at once or not at all) or with others (waiting for one who is alone); -> whether it is."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except OSError:  # somebody else has it, or a file system that knows no locks
        return False
    return True
