"""The reviews in aclImdb_v1.tar.gz, or in the folder that was unpacked from it.
An archive is read as a stream and nothing of it is ever written to disk. It is trusted with nothing: not with names,
sizes or counts, and a few kilobytes that unfold to gigabytes are given up early."""

import gzip
import re
import tarfile
import zlib

from tqdm import tqdm

from dataset.errors import DataError

_TEXT = re.compile(r"aclImdb/((?:train|test)/(?:pos|neg)|train/unsup)/([0-9]{1,6})_[0-9]{1,2}\.txt")
_FILE = re.compile(r"([0-9]{1,6})_[0-9]{1,2}\.txt")

# The official archive stays far below each of them.
_LONGEST = 2**20  # bytes of one review
_MOST_MEMBERS = 110_000
_MOST_BYTES = 2**30  # of all members together
_HEADER = 2**18  # bytes that may be read to get from the end of one member to the beginning of the next one

_BLOCK = 2**16
_FROM_HEADERS = (ValueError, LookupError, ArithmeticError, RecursionError)  # what tarfile lets through of hostile ones


def read(path, counts, progress=True):
    """The reviews of an archive, each class in the order of the numbers in its file names.

    counts: dict of part ("train/pos" ...) to the number of reviews that it must hold. progress: a bar on standard
    error, where that is a terminal.

    -> dict of part to list of bytes, which are UTF-8. DataError: no such archive, broken off, another number of
    reviews, or anything that the official one does not have: names that lead elsewhere, links, huge members.
    """
    found = {part: {} for part in counts}
    try:
        with gzip.open(path) as unpacked, _bar(counts, progress) as bar:
            for part, number, text in _reviews(path, _Budget(path, unpacked)):
                if part in found:
                    _add(path, found[part], part, number, text)
                    bar.update()
    except DataError:
        raise
    except (EOFError, zlib.error, tarfile.TarError, *_FROM_HEADERS) as error:
        raise DataError(f"{path}: expected the IMDb archive, got a damaged or unfinished one ({error})") from None
    except gzip.BadGzipFile as error:
        raise DataError(f"{path}: expected the IMDb archive (.tar.gz), got something else ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    return _in_order(path, found, counts)


def read_folder(path, counts, progress=True):
    """`read` for the folder aclImdb; other files in it are ignored. DataError as there."""
    found = {part: {} for part in counts}
    try:
        with _bar(counts, progress) as bar:
            for part in counts:
                for file in (path / part).iterdir():
                    if (name := _FILE.fullmatch(file.name)) and file.is_file():
                        _check_size(path, f"{part}/{file.name}", file.stat().st_size, _LONGEST)
                        _add(path, found[part], part, int(name[1]), file.read_bytes())
                        bar.update()
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror})") from None
    return _in_order(path, found, counts)


def _reviews(path, stream):
    """(part, number, bytes) of every review, in the order of the archive."""
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK) as archive:
        members, total = 0, 0
        while (member := archive.next()) is not None:
            archive.members.clear()  # tarfile would keep all of them
            members, total = members + 1, total + member.size
            shown = ascii(member.name[:100])
            if member.name.startswith("/") or ".." in member.name.split("/"):
                raise DataError(f"{path}: expected names below aclImdb/, got {shown}")
            if member.issparse() or not (member.isreg() or member.isdir()):
                raise DataError(f"{path}: expected files and folders, {shown} is a link or the like")
            if members > _MOST_MEMBERS:
                raise DataError(f"{path}: expected the IMDb archive, this one has more than {_MOST_MEMBERS:,} members")
            name = _TEXT.fullmatch(member.name) if member.isreg() else None
            _check_size(path, shown, member.size, _LONGEST if name else _MOST_BYTES)
            _check_size(path, "all members", total, _MOST_BYTES)
            stream.left = _HEADER + member.size
            if name:
                yield name[1], int(name[2]), archive.extractfile(member).read()
    # To the end, where gzip's checksum of everything stands.
    stream.left = _HEADER
    while stream.read(_BLOCK):
        pass


class _Budget:
    """A stream from which only so many bytes may be read: a header, too, can claim to be gigabytes long."""

    def __init__(self, path, stream):
        self.path, self.stream, self.left = path, stream, _HEADER

    def read(self, size):
        content = self.stream.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise DataError(f"{self.path}: expected the IMDb archive, got one with a broken header or a long tail")
        return content


def _check_size(path, what, size, most):
    if not 0 <= size <= most:
        raise DataError(f"{path}: expected at most {most:,} bytes in {what}, got {size:,}")


def _add(path, texts, part, number, text):
    """Put a review to those of its part, by its number."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        came = f"byte 0x{text[error.start]:02x}"
        raise DataError(f"{path}: expected UTF-8 in number {number} of {part}, got {came}") from None
    if number in texts:
        raise DataError(f"{path}: expected one text of each number in {part}, got {number} twice")
    texts[number] = text


def _in_order(path, found, counts):
    for part, count in counts.items():
        if len(found[part]) != count:
            raise DataError(f"{path}: expected {count:,} texts in {part}, got {len(found[part]):,}")
    return {part: [texts[number] for number in sorted(texts)] for part, texts in found.items()}


def _bar(counts, progress):
    total = sum(counts.values())
    return tqdm(desc="reading imdb", total=total, unit="text", leave=False, disable=None if progress else True)
