"""Files that this package wrote and reads again, in places where anything may have been put instead of them."""

import errno
import os
import stat


def open_regular(path, flags=0):
    """Open a regular file, to read bytes. OSError where there is another thing: no pipe is waited for, no device read.

    flags: of `os.open`, beside those of a file that is read.
    """
    flags |= getattr(os, "O_NONBLOCK", 0)  # which regular files do not heed
    file = open(path, "rb", opener=lambda path, reading: os.open(path, reading | flags))  # noqa: SIM115 (returned)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    return file


def is_private(found):
    """Whether a file or folder, by its `os.stat_result`, is this user's and nobody else may change it. On Windows,
    where these numbers say nothing of that: True.
    """
    return os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
