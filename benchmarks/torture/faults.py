"""A disk that is full or breaks: an error at each single call of a save, one after the other.

After each the file is the former one or the new one, intact and alone in its folder; and the error names it.
"""

import contextlib
import errno
import io
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from common.files import atomic_write
from common.files.checkpoint import load_arrays, save_arrays

try:
    import resource
except ImportError:  # Windows
    resource = None

ERRORS = (
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError(errno.EIO, os.strerror(errno.EIO)),
    OSError(errno.EROFS, os.strerror(errno.EROFS)),
    KeyboardInterrupt(),
)
OLD = {"W": np.zeros((4, 4), np.float32), "b": np.arange(3.0)}
NEW = {"W": np.ones((400, 4), np.float32), "b": np.arange(5.0), "c": np.ones(2)}


def run(minutes, say):
    """Every call and every error once; then, while there is time, sizes at which the system itself ends a write."""
    end = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        figures = {"errors injected": sum(injected(path, error) for error in ERRORS), "writes cut by the system": 0}
        save_arrays(path, NEW)
        for size in range(0, path.stat().st_size, 7):
            if time.monotonic() > end or resource is None:
                break
            cut_by_the_system(path, size)
            figures["writes cut by the system"] += 1
    return {**figures, "checkpoints lost": 0, "files left behind": 0}


def injected(path, error):
    """A save for each call that it makes, which fails at that call; -> how many calls. AssertionError."""
    save_arrays(path, OLD)
    old, k = path.read_bytes(), 0
    while True:
        k += 1
        path.write_bytes(old)
        with failing_at(k, error) as calls:
            raised = outcome(path)
        assert raised is None or type(raised) is type(error) or isinstance(raised, OSError), f"call {k}: {raised!r}"
        if isinstance(raised, OSError):
            assert (raised.filename, raised.errno) == (str(path), error.errno), f"call {k} ({calls[-1]}): {raised}"
        check(path, raised, f"call {k} ({calls[-1]})")
        if len(calls) < k:
            return len(calls)


def cut_by_the_system(path, size):
    """A save where no file may grow beyond `size` bytes: a full disk, as the system reports it."""
    save_arrays(path, OLD)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        raised = outcome(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(raised, OSError) and raised.filename == str(path), raised
    check(path, raised, f"at most {size} bytes")


def outcome(path):
    """What saving NEW raises; None where it does not."""
    try:
        save_arrays(path, NEW)
    except (OSError, KeyboardInterrupt) as error:
        return error


def check(path, raised, which):
    """The file is intact and alone; without an error it is the new one."""
    arrays = load_arrays(path)
    assert same(arrays, NEW) or (raised is not None and same(arrays, OLD)), which
    assert os.listdir(path.parent) == [path.name], f"{which}: {os.listdir(path.parent)}"


def same(a, b):
    return list(a) == list(b) and all(np.array_equal(x, y) for x, y in zip(a.values(), b.values()))


@contextlib.contextmanager
def failing_at(k, error):
    """The k-th system call of a save does half or nothing and raises `error`; -> names of the calls."""
    calls = []

    def call(name):
        calls.append(name)
        if len(calls) == k:
            raise error

    class File(io.FileIO):
        def write(self, data):
            part = memoryview(data)[: max(len(data) // 2, 100)]  # the system may always write only a part
            super().write(part)
            call("write")
            return len(part)

        def close(self):
            first = not self.closed
            super().close()
            if first:
                call("close")

    class System:
        """The module os, its calls counted."""

        def __getattr__(self, name):
            plain = getattr(os, name)
            if name not in ("open", "fsync", "replace", "close"):
                return plain

            def counted(*args):
                if name == "close":  # it closes even where it fails
                    plain(*args)
                call(name)
                return None if name in ("close", "fsync") else plain(*args)

            return counted

    def opened(path, mode, buffering):
        call("open file")
        return File(path, mode.replace("b", ""))

    atomic_write.os, atomic_write.open = System(), opened
    try:
        yield calls
    finally:
        atomic_write.os = os
        del atomic_write.open
