"""Where every file that a person names is opened: a file, or a pipe that is read once, as `<(zcat reviews.csv.gz)`.

Whatever else has a name in a file system (a socket, a device, a terminal) is refused, and so is a pipe that would keep
its reader waiting for ever: one that nobody writes to, or one that was read already.
"""

import errno
import io
import os
import select
import stat
import sys
import time
from pathlib import Path

from dataset.errors import DataError
from dataset.printable import printable

PATIENCE = 2.0  # seconds in which somebody has to open a pipe for writing
SILENCE = 3.0  # seconds without a byte, after which a line says that there is none
_POLL = 0.02  # seconds
_BLOCK = 1 << 16
_KINDS = {stat.S_ISSOCK: "a socket", stat.S_ISBLK: "a device", stat.S_ISCHR: "a device or a terminal"}
_opened = {}  # (device, inode) of the pipes that were opened -> whether they were read to their end


def open_input(path):
    """A buffered binary stream of a file or a pipe. OSError where it cannot be opened, DataError where it is something
    else, a pipe without a writer, or one that was opened before, and so has lost what was read.
    """
    path = Path(path)
    _check(os.stat(path), path)
    if not hasattr(os, "O_NONBLOCK"):  # Windows has no pipes with the names of files
        return path.open("rb")
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)  # whoever opens a pipe waits for a writer
    try:
        found = os.fstat(handle)
        _check(found, path)
        if not stat.S_ISFIFO(found.st_mode):
            return open(path, "rb", opener=lambda *_: handle)
        block = _beginning(handle, path, (found.st_dev, found.st_ino))
    except BaseException:
        os.close(handle)
        raise
    os.set_blocking(handle, True)
    return io.BufferedReader(_Pipe(handle, path, (found.st_dev, found.st_ino), block))


def is_pipe(path):
    """Whether this is the name of a pipe, which can be read once."""
    return os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode)


def read_text(path):
    """The whole of a file of UTF-8: str. Raises as `open_input`."""
    with open_input(path) as file:
        return file.read().decode("utf-8")


def _check(found, path):
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    for is_kind, kind in _KINDS.items():
        if is_kind(found.st_mode):
            raise DataError(f"{path}: expected a file, got {kind}")


def _beginning(handle, path, identity):
    """What stands in a pipe already: bytes, None where somebody has still to write it. DataError where nobody can."""
    ended = _opened.get(identity)
    block = b"" if ended is False else _first_block(handle)  # False: some of it was read, and is lost
    if block == b"":
        got = "that nobody writes to" if ended is None else "that was read before: save it as a file"
        raise DataError(f"{path}: expected a file, got a pipe {got}")
    _opened[identity] = False
    return block


class _Pipe(io.RawIOBase):
    """handle: of a pipe. block: what was read from it already, or None."""

    def __init__(self, handle, path, identity, block):
        self.handle, self.path, self.identity = handle, path, identity
        self.block, self.is_silent = memoryview(block or b""), block is None

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.block:
            if self.is_silent and not select.select([self.handle], [], [], SILENCE)[0]:
                _say(f"{self.path}: waiting for the pipe, into which nothing was written yet")
            self.is_silent = False
            size = os.readv(self.handle, [buffer])
            _opened[self.identity] = size == 0
            return size
        size = min(len(buffer), len(self.block))
        buffer[:size], self.block = self.block[:size], self.block[size:]
        return size

    def close(self):
        if not self.closed:
            os.close(self.handle)
        super().close()


def _first_block(handle):
    """What stands in a pipe; None where it is empty and has a writer, b"" where it has none after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            block = os.read(handle, _BLOCK)
        except BlockingIOError:
            return None
        if block or time.monotonic() > end:
            return block
        time.sleep(_POLL)


def _say(line):
    if sys.stderr is not None:
        print(printable(line), file=sys.stderr, flush=True)
