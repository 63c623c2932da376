"""The reviews in aclImdb_v1.tar.gz, or in the folder that was unpacked from it.
An archive is untrusted input: it is read as a stream, nothing of it is written to disk, its names, sizes and counts
are checked, and reading stops early where a few kilobytes expand to gigabytes."""

import gzip
import re
import tarfile
import zlib

from tqdm import tqdm

from dataset.errors import DataError, reading
from dataset.store import stderr

_TEXT = re.compile(r"aclImdb/((?:train|test)/(?:pos|neg)|train/unsup)/([0-9]{1,6})_[0-9]{1,2}\.txt")
_FILE = re.compile(r"([0-9]{1,6})_[0-9]{1,2}\.txt")

# Limits far above what the official archive has.
_LONGEST = 2**20  # bytes of one review
_MOST_MEMBERS = 110_000
MOST_BYTES = 2**30  # of all members together
_HEADER = 2**18  # bytes from the end of one member to the start of the next

_BLOCK = 2**16
_DEFECTS = (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError)
_DEFECTS += (ValueError, LookupError, ArithmeticError, RecursionError)  # raised by tarfile for malformed headers


def read(path, counts, progress=True):
    """The reviews of an archive, each class in the order of the numbers in its file names.

    counts: dict of part ("train/pos" ...) to the number of reviews that it must have. progress: a bar on standard
    error, if that is a terminal.

    -> dict of part to list of bytes, which are UTF-8. DataError: no such archive, a truncated one, another number of
    reviews, or what the official one does not have: paths outside of it, links, huge members.
    """
    with reading(path):
        try:
            with gzip.open(path) as unpacked:
                return _collect(path, _reviews(path, _LimitedStream(path, unpacked)), counts, progress)
        except DataError:
            raise
        except _DEFECTS as error:
            raise DataError(
                f"{path}: expected the IMDb archive (.tar.gz), got a damaged or unfinished one ({error})"
            ) from None


def read_folder(path, counts, progress=True):
    """`read` for the folder aclImdb; other files in it are ignored. DataError as there."""
    with reading(path):
        return _collect(path, _files(path, counts), counts, progress)


def _collect(path, reviews, counts, progress):
    """`read` from (part, number, bytes) of every review."""
    found = {part: {} for part in counts}
    how = {"desc": "reading imdb", "unit": "text", "leave": False, "disable": not (progress and stderr.is_terminal())}
    with tqdm(total=sum(counts.values()), **how) as bar:
        for part, number, text in reviews:
            if part not in found:
                continue
            try:
                text.decode()
            except UnicodeDecodeError as error:
                byte = f"0x{text[error.start]:02x}"
                raise DataError(f"{path}: expected UTF-8 in number {number} of {part}, got byte {byte}") from None
            if number in found[part]:
                raise DataError(f"{path}: expected one text of each number in {part}, got {number} twice")
            found[part][number] = text
            bar.update()
    for part, count in counts.items():
        if len(found[part]) != count:
            raise DataError(f"{path}: expected {count:,} texts in {part}, got {len(found[part]):,}")
    return {part: [texts[number] for number in sorted(texts)] for part, texts in found.items()}


def _files(path, parts):
    """(part, number, bytes) of every review of a folder."""
    for part in parts:
        for file in (path / part).iterdir():
            if (name := _FILE.fullmatch(file.name)) and file.is_file():
                _check_size(path, f"{part}/{file.name}", file.stat().st_size, _LONGEST)
                yield part, int(name[1]), file.read_bytes()


def _reviews(path, stream):
    """(part, number, bytes) of every review, in the order of the archive."""
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK) as archive:
        members, total = 0, 0
        while (member := archive.next()) is not None:
            archive.members.clear()  # else tarfile stores all of them
            members, total = members + 1, total + member.size
            shown = ascii(member.name[:100])
            if member.name.startswith("/") or ".." in member.name.split("/"):
                raise DataError(f"{path}: expected names below aclImdb/, got {shown}")
            if member.issparse() or not (member.isreg() or member.isdir()):
                raise DataError(f"{path}: expected files and folders, {shown} is a link or the like")
            if members > _MOST_MEMBERS:
                raise DataError(f"{path}: expected the IMDb archive, this one has more than {_MOST_MEMBERS:,} members")
            name = _TEXT.fullmatch(member.name) if member.isreg() else None
            _check_size(path, shown, member.size, _LONGEST if name else MOST_BYTES)
            _check_size(path, "all members", total, MOST_BYTES)
            stream.remaining = _HEADER + member.size
            if name:
                yield name[1], int(name[2]), archive.extractfile(member).read()
    # To the end, where gzip has the checksum of the whole.
    stream.remaining = _HEADER
    while stream.read(_BLOCK):
        pass


class _LimitedStream:
    """A stream of which at most `remaining` bytes can be read: a header, too, can claim to be gigabytes long."""

    def __init__(self, path, stream):
        self.path, self.stream, self.remaining = path, stream, _HEADER

    def read(self, size):
        content = self.stream.read(size)
        self.remaining -= len(content)
        if self.remaining < 0:
            raise DataError(f"{self.path}: expected the IMDb archive, got one with a broken header or a long tail")
        return content


def _check_size(path, what, size, most):
    if not 0 <= size <= most:
        raise DataError(f"{path}: expected at most {most:,} bytes in {what}, got {size:,}")
