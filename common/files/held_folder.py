"""A folder that is written into for hours, held by what it is and not by its name: whatever is then moved away, removed
or put in its place, what is written goes into the folder that was there at the beginning, or nowhere.
"""

import contextlib
import os


class FolderMoved(OSError):
    """A folder that is written into is not where it was; `now`: where it is, "" where it is nowhere."""

    def __init__(self, line, now=""):
        super().__init__(line)
        self.now = now


_held = {}  # absolute path of a folder -> its descriptor


@contextlib.contextmanager
def holding(folder):
    """Inside, `place` leads into this folder. Where the system opens no folders (Windows keeps those that are in use in
    their place) it does nothing.
    """
    path, handle = os.path.abspath(folder), None
    with contextlib.suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
    if handle is None:
        yield
        return
    _held[path] = handle
    try:
        yield
    finally:
        _held.pop(path, None)
        os.close(handle)


def place(path):
    """A path by which what is in a held folder is reached, whatever becomes of the folder's name; others as they are.
    FolderMoved where the folder was removed, or was moved on a system that has no such path.
    """
    found = _holder(path)
    if found is None:
        return path
    root, handle = found
    by_handle, inside = f"/proc/self/fd/{handle}", os.path.relpath(os.path.abspath(path), root)
    if _is_at(by_handle, handle) and os.fstat(handle).st_nlink > 0:
        return os.path.normpath(os.path.join(by_handle, inside))
    if _is_at(root, handle):
        return path
    raise FolderMoved(f"{root}: this folder was removed while it was written into")


def check_stays(folder):
    """FolderMoved where a folder, held or in a held one, is no longer where it was."""
    found = _holder(folder)
    if found is None or _is_at(*found):
        return
    root, now = found[0], _now_at(found[1])
    if not now:
        raise FolderMoved(f"{root}: this folder was removed while it was written into")
    another = "; into what stands in its place nothing was written" if os.path.lexists(root) else ""
    raise FolderMoved(f"{root}: this folder was moved while it was written into, to {now}{another}", now)


def _holder(path):
    """(absolute path, descriptor) of the outermost held folder that this is, or is in; None where there is none."""
    path = os.path.abspath(path)
    inside = [root for root in _held if path == root or path.startswith(os.path.join(root, ""))]
    root = min(inside, key=len, default=None)
    return None if root is None else (root, _held[root])


def _is_at(root, handle):
    try:
        return os.path.samestat(os.stat(root), os.fstat(handle))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it cannot be seen at the moment
        return True


def _now_at(handle):
    """The path that an open folder has now; "" where it has none, or the system does not tell."""
    with contextlib.suppress(OSError):
        now = os.readlink(f"/proc/self/fd/{handle}")
        if os.path.samestat(os.stat(now), os.fstat(handle)):
            return now
    return ""
