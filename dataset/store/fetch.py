"""The files of the registry: downloaded if they are missing, verified, and stored in one folder on this machine.
pooch downloads, verifies and retries; added here are one download at a time, and a stamp for each verified file, so
that 862 MB are not hashed at every start. Stamps and the download in progress are in `.sentifish/`, which is locked."""

import contextlib
import hashlib
import os
import shutil
import stat
from pathlib import Path

from dataset.errors import DataError
from dataset.store import registry, stderr
from dataset.store.locks import locked
from dataset.store.own_files import open_regular

FOLDER_VARIABLE = "SENTIFISH_DATA"
HERE, MISSING, DAMAGED = "here", "missing", "damaged"

_RETRIES = 2  # pooch waits 1 s before the first, 2 s before the second
_TIMEOUT = 30  # seconds without a byte
_STAMP_SIZE = 200  # bytes, more than a stamp has
_CHUNK = 2**16  # bytes; pooch's 1,024 would mean 842,000 writes for GloVe
# Unpacked on the way, a .gz would have another sha256; and some hosts slow down the default agent of Python's requests.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "sentifish"}


def folder():
    """The folder of the files, an absolute Path: that of SENTIFISH_DATA, or else the platform's cache folder. DataError
    where it is that of a user who has none.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    try:
        if named:
            return Path(named).expanduser().absolute()
        import pooch

        return pooch.os_cache("sentifish").expanduser().absolute()
    except RuntimeError:  # nobody knows whose ~ it is
        expected = f"{named or '~/.cache'}: expected the folder of a user who has one, there is none"
        raise DataError(f"{expected}; set {FOLDER_VARIABLE} to a folder for the data") from None


def derived_folder():
    """The folder of what was computed from texts, see `array_cache`: an absolute Path."""
    return folder() / "derived"


def path(name):
    """The Path of a file of the registry, whether it is there or not. DataError: no such name."""
    return folder() / _entry(name).file


def fetch(name, progress=True, again=False):
    """The Path of a file of the registry, verified; it is downloaded if it is missing or damaged.

    A file that was put into `folder()` by hand is used like a downloaded one. A damaged file is replaced only once a
    whole one has come, and a line on standard error says so. Of several processes one downloads, the others wait.
    progress: a bar on standard error, if that is a terminal. again: read the file, also if it has a stamp.

    DataError, in one sentence with address, folder and sha256: no such name, it cannot be downloaded, read or written.
    """
    look = verify if again else status
    if look(name) != HERE:
        try:
            _private("").mkdir(parents=True, exist_ok=True)
            with locked(_private("")):
                if look(name) != HERE:  # another process may have downloaded it meanwhile
                    _download(name, progress)
        except OSError as error:
            raise _failure(name, f"{folder()} cannot be written ({error.strerror or error})") from None
    return path(name)


def status(name):
    """HERE (and whole), MISSING or DAMAGED; a verified file is read again only if its size or time has changed.

    DataError: no such name, or the file cannot be read.
    """
    with contextlib.suppress(OSError), open_regular(_stamp_file(name)) as file:  # OSError: no stamp, no file
        if _is_believed(os.fstat(file.fileno()).st_uid) and file.read(_STAMP_SIZE) == _stamp(name):
            return HERE
    return verify(name)


def verify(name):
    """`status`, but the file is read in any case."""
    try:
        stamp = _stamp(name)  # before reading, so that a change meanwhile is noticed the next time
        whole = sha256(path(name)) == _entry(name).sha256
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError as error:
        raise DataError(f"{path(name)}: cannot be read ({error.strerror})") from None
    with contextlib.suppress(OSError):  # in a read-only folder the file is hashed again the next time
        _private("").mkdir(exist_ok=True)
        _stamp_file(name).unlink(missing_ok=True)
        if whole:
            with open(_stamp_file(name), "xb") as file:  # a new one: nothing is written into what somebody put there
                file.write(stamp)
    return HERE if whole else DAMAGED


def clear(name=None):
    """Remove a file of the registry; without a name all of them, and everything else that this package has made in
    `folder()`. Other files stay. -> list of the Paths removed. DataError: no such name, or it cannot be removed.
    """
    files = [path(each) for each in (registry.ENTRIES if name is None else [name])]
    if not folder().is_dir():
        return []
    removed = [file for file in files if os.path.lexists(file)]
    try:
        _private("").mkdir(exist_ok=True)
        with locked(_private("")):  # not during a download
            for file in removed:
                file.unlink()
            if name is None:
                if derived_folder().is_dir() and not derived_folder().is_symlink():
                    moved = _private("derived")  # at once, since another process may be writing to it
                    shutil.rmtree(moved, ignore_errors=True)  # of a process that was killed
                    os.replace(derived_folder(), moved)
                    shutil.rmtree(moved)
                    removed.append(derived_folder())
                shutil.rmtree(_private(""), ignore_errors=True)  # Windows keeps the lock, which is open
    except OSError as error:
        raise DataError(f"{error.filename or folder()}: cannot be removed ({error.strerror})") from None
    with contextlib.suppress(OSError):  # not empty
        folder().rmdir()
    return removed


def sha256(file):
    """The sha256 of a file: 64 lower-case hexadecimal digits. OSError, also for a pipe or a device."""
    with open_regular(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _download(name, progress):
    """Download a file, verify it and move it to its place. OSError: it cannot be written. The lock is held."""
    import pooch
    import requests

    entry, file, incoming = _entry(name), path(name), _private("incoming")
    _remove(incoming)  # left by a process that was killed
    logger, was_disabled = pooch.get_logger(), pooch.get_logger().disabled
    logger.disabled = True  # a failure is reported once, in one line. Its level cannot be restored: it is cached
    try:
        with contextlib.ExitStack() as responses:  # pooch leaves them open if a download fails
            how = {"hooks": {"response": lambda response, **_: responses.push(response)}, "headers": _HEADERS}
            bar = progress and stderr.is_terminal()
            downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK, timeout=_TIMEOUT, **how)
            known = {"registry": {entry.file: entry.sha256}, "urls": {entry.file: entry.url}}
            downloads = pooch.create(incoming, "", retry_if_failed=_RETRIES, **known)
            new = Path(downloads.fetch(entry.file, downloader=downloader))
        new.chmod(stat.S_IMODE(incoming.stat().st_mode) & 0o666)  # pooch's 0o600 would not do for a shared folder
        if file.exists():
            stderr.write(f"{file} was damaged (expected sha256 {entry.sha256}): replaced")
        os.replace(new, file)
    except (requests.RequestException, ValueError) as error:
        damaged = f"{file} is damaged and " if file.exists() else ""
        raise _failure(name, f"{damaged}cannot be downloaded ({_reason(error)})") from None
    finally:
        logger.disabled = was_disabled
        _remove(incoming)
    verify(name)  # for its stamp


def _remove(place):
    """Remove a folder, or what somebody put in its place."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _reason(error):
    """A failed download in a few words."""
    if getattr(error, "response", None) is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, OSError):
        return "no connection, or one that timed out or broke off"
    return "the file that came has another sha256"


def _failure(name, problem):
    entry = _entry(name)
    remedy = f"put {entry.file} from {entry.url} (sha256 {entry.sha256}) into {folder()}, or set {FOLDER_VARIABLE}"
    return DataError(f"{name}: {problem}; {remedy} to a folder that has it or can be written")


def _entry(name):
    if name not in registry.ENTRIES:
        raise DataError(f"{name}: expected the name of a data set, one of {', '.join(registry.ENTRIES)}")
    return registry.ENTRIES[name]


def _private(file):
    """The Path of a file that only this module uses; of their folder for ""."""
    return folder() / ".sentifish" / file


def _stamp_file(name):
    return _private(f"{_entry(name).file}.verified")


def _stamp(name):
    """What a verified file is recognized by until it is changed: bytes. Anybody can set the time of a file (mtime); the
    system alone sets that of its last change (ctime).
    """
    found = path(name).stat()
    return f"{_entry(name).sha256} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\n".encode()


def _is_believed(owner):
    """Whether a stamp of this user (int) counts: one's own, the administrator's, or that of whose folder it is."""
    return os.name == "nt" or owner in (os.geteuid(), 0, folder().stat().st_uid)
