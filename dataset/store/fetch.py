"""The files of the registry: fetched where they are missing, verified, and kept in one folder on this machine.
`.sentifish/` in that folder holds what is needed for this: locks, downloads under way, and a stamp for each file
that was verified, so that 862 MB are not hashed at every start."""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import sys
from pathlib import Path

from dataset.errors import DataError
from dataset.store import registry
from dataset.store.download import NotDownloaded, download, for_a_person
from dataset.store.locks import locked

FOLDER_VARIABLE = "SENTIFISH_DATA"
HERE, MISSING, DAMAGED = "here", "missing", "damaged"

_PRIVATE = ".sentifish"
_DERIVED = "derived"  # a folder: what other modules made of the files, see `dataset.store.array_cache`


def folder():
    """Where the files are kept: the folder of the environment variable SENTIFISH_DATA, as it is now, or else the
    platform's own place for caches. -> absolute Path, which need not exist: `fetch` makes it.
    """
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser().absolute()
    import pooch

    return pooch.os_cache("sentifish").absolute()


def derived_folder():
    """Where is kept what was made of these files and can be made again. -> absolute Path, which need not exist."""
    return folder() / _DERIVED


def path(name):
    """Where a file of the registry is, or would be. DataError: no such name."""
    return folder() / _entry(name).file


def fetch(name, progress=True):
    """A file of the registry, verified; downloaded where it is not here.

    A file that was put into `folder()` by hand is used like a fetched one. A damaged one is kept as FILE.damaged, and
    a line on standard error says so, once a whole one has come; until then it stays. Of several processes one
    downloads, the others wait for it. progress: a bar on standard error, where that is a terminal.

    -> Path. DataError, in one sentence with the addresses, the folder and the sha256: no such name, no mirror gave
    it, it cannot be read or written here.
    """
    entry, file = _entry(name), path(name)
    if _checked(entry, file) == HERE:
        return file
    private = file.parent / _PRIVATE
    try:
        private.mkdir(parents=True, exist_ok=True)
        with locked(private / f"{entry.file}.lock"):
            # Another process may have fetched it meanwhile.
            if (state := _checked(entry, file)) != HERE:
                _replace(name, entry, file, state, progress)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise DataError(f"{name}: {file.parent} cannot be written ({reason}); {_by_hand(entry, file)}") from None
    return file


def status(name):
    """ "here" (and whole), "missing" or "damaged"; a file that has its stamp is not read again. DataError: no such
    name, or it cannot be read.
    """
    return _checked(_entry(name), path(name))


def verify(name):
    """`status`, but the file is read in any case."""
    return _checked(_entry(name), path(name), trust_stamp=False)


def clear(name=None):
    """Remove a file of the registry and what belongs to it, or everything this package keeps, in `folder()`.

    Files of other names stay, and the folder with them; it goes where nothing is left in it.

    -> list of the Paths removed, without those in .sentifish. DataError: no such name, or it cannot be removed.
    """
    entries = registry.ENTRIES.values() if name is None else [_entry(name)]
    where, private = folder(), folder() / _PRIVATE
    removed = []
    try:
        for entry in entries:
            kept = [where / entry.file, _aside(where / entry.file)]
            if not any(map(os.path.lexists, kept)) and not private.is_dir():
                continue
            private.mkdir(exist_ok=True)
            lock = private / f"{entry.file}.lock"
            with locked(lock):  # not while it is being fetched
                for file in kept:
                    if os.path.lexists(file):
                        _remove(file)
                        removed.append(file)
                _stamp_file(where / entry.file).unlink(missing_ok=True)
                shutil.rmtree(_incoming(where / entry.file), ignore_errors=True)
                if os.name != "nt":  # there, a file that is open stays
                    lock.unlink(missing_ok=True)
        if name is None and (where / _DERIVED).is_dir():
            shutil.rmtree(where / _DERIVED)
            removed.append(where / _DERIVED)
    except OSError as error:
        raise DataError(f"{error.filename or where}: cannot be removed ({error.strerror})") from None
    for empty in (private, where):
        try:
            empty.rmdir()
        except OSError:
            break  # not there, or not empty
    return removed


def sha256(file):
    """The sha256 of a file, in lower-case hex. OSError."""
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while chunk := content.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def _entry(name):
    if name not in registry.ENTRIES:
        raise DataError(f"{name}: expected the name of a data set, one of {', '.join(registry.ENTRIES)}")
    return registry.ENTRIES[name]


def _checked(entry, file, trust_stamp=True):
    """HERE, MISSING or DAMAGED."""
    try:
        found = file.stat()
        if trust_stamp and _read_stamp(file) == _stamp(entry, found):
            return HERE
        # The size of most damaged files tells already.
        if entry.size not in (None, found.st_size) or sha256(file) != entry.sha256:
            _forget_stamp(file)
            return DAMAGED
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    _write_stamp(file, _stamp(entry, found))
    return HERE


def _replace(name, entry, file, state, progress):
    """Download the file, and only when it is whole let it take the place of what is there. With the lock held."""
    incoming = _incoming(file)
    shutil.rmtree(incoming, ignore_errors=True)  # what a download that was killed left
    try:
        free = shutil.disk_usage(file.parent).free
        if entry.size is not None and free < entry.size:
            raise OSError(None, f"{entry.size:,} bytes are needed, {free:,} are free")
        incoming.mkdir()
        new = download(entry, incoming, progress)
        # Pooch's temporary files are for their owner alone; a cache may be shared.
        new.chmod(stat.S_IMODE(incoming.stat().st_mode) & 0o666)
        if state == DAMAGED:
            os.replace(file, _aside(file))
            said = f"{file} was damaged (expected sha256 {entry.sha256}): replaced, and kept as {_aside(file).name}"
            print(said, file=sys.stderr)
        os.replace(new, file)
    except NotDownloaded as error:
        damaged = f"{file} is damaged and " if state == DAMAGED else ""
        raise DataError(f"{name}: {damaged}cannot be fetched ({error}); {_by_hand(entry, file)}") from None
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    _write_stamp(file, _stamp(entry, file.stat()))


def _by_hand(entry, file):
    """What a person can do."""
    addresses = " or ".join(map(for_a_person, entry.mirrors))
    return (
        f"put {entry.file} from {addresses} (sha256 {entry.sha256}) into {file.parent}, "
        f"or set {FOLDER_VARIABLE} to a folder that has it or can be written"
    )


def _incoming(file):
    return file.parent / _PRIVATE / f"{file.name}.incoming"


def _aside(file):
    return file.with_name(f"{file.name}.damaged")


def _remove(file):
    shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()


def _stamp(entry, found):
    """What a verified file is known by until it is changed."""
    return f"{entry.sha256} {found.st_size} {found.st_mtime_ns}\n"


def _stamp_file(file):
    return file.parent / _PRIVATE / f"{file.name}.verified"


def _read_stamp(file):
    try:
        return _stamp_file(file).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _write_stamp(file, content):
    """Where it cannot be written the file is only read again at the next start."""
    with contextlib.suppress(OSError):
        _stamp_file(file).parent.mkdir(exist_ok=True)
        _stamp_file(file).write_text(content, encoding="ascii")


def _forget_stamp(file):
    with contextlib.suppress(OSError):
        _stamp_file(file).unlink(missing_ok=True)
