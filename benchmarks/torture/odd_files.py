"""What may lie in the place of a file or of its folder: functions of the path and of the bytes of a good file."""

import contextlib
import io
import os
import shutil
import socket
import stat

import numpy as np


def _socket(path, good):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as opened, contextlib.chdir(path.parent):
        opened.bind(path.name)  # the whole path may be too long for a socket


def _written(write, array):
    file = io.BytesIO()
    write(file, array)
    return file.getvalue()


def _sparse(path, good):
    path.write_bytes(good)
    os.truncate(path, 1 << 40)


def _link_to_a_copy(path, good):
    elsewhere = path.parent.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / path.name).write_bytes(good)
    path.symlink_to(elsewhere / path.name if path.suffix else elsewhere)


ODD = {
    "an empty file": lambda path, good: path.write_bytes(b""),
    "a file of zeros": lambda path, good: path.write_bytes(bytes(len(good))),
    "a file that is doubled": lambda path, good: path.write_bytes(2 * good),
    "a file of 1 TiB with a hole": _sparse,
    "a .npy": lambda path, good: path.write_bytes(_written(np.save, np.zeros(3, np.int32))),
    "a .npz": lambda path, good: path.write_bytes(_written(np.savez, np.zeros(3, "M8[s]"))),
    "a pipe": lambda path, good: os.mkfifo(path),
    "a socket": _socket,
    "a folder": lambda path, good: path.mkdir(0o700),
    "a device": lambda path, good: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5)),
    "a link to a device": lambda path, good: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path, good: path.symlink_to(path),
    "a link to nothing": lambda path, good: path.symlink_to(path.parent / "nothing"),
    "a link to a copy": _link_to_a_copy,
    "one that all may write": lambda path, good: path.chmod(0o777),
    "one that nobody may read": lambda path, good: path.chmod(0),
    "one of another user": lambda path, good: os.chown(path, 12_345, 12_345),
}
CHANGES = ("one that all may write", "one that nobody may read", "one of another user")


def remove(path):
    """Whatever it is."""
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
