"""The Large Movie Review Dataset: 25,000 training reviews, 25,000 test reviews and 50,000 without a label.
It is read straight out of its archive, which is never unpacked, and cached as arrays for the next start.
An unpacked folder and the two files of the NumPy tutorial are read as well."""

import contextlib
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset import imdb_archive, labelled_text
from dataset.errors import DataError, reading
from dataset.store import array_cache, registry
from dataset.store.fetch import fetch, sha256

LABEL_NAMES = ["negative", "positive"]

_PARSER = 1  # increase it if the same archive would give other texts, or in another order
_FORM = {"offsets": np.int64, "text": np.uint8}  # of the arrays in the cache
_PER_CLASS = 12_500  # in each of the two parts
_UNLABELLED = 50_000
_PARTS = ("train/pos", "train/neg", "test/pos", "test/neg")
_TUTORIAL_FILES = ("imdb_train.txt", "imdb_test.txt")
_TUTORIAL_LABELS = (["0", "1"], ["0.0", "1.0"], ["neg", "pos"], LABEL_NAMES)


@dataclass(frozen=True)
class Duplicates:
    """How many texts repeat an earlier one of the same part, and how many distinct texts the two parts share."""

    train: int
    test: int
    shared: int


def load_data(source=None, progress=True):
    """The labelled reviews, positive ones first and each class in the order of its numbers; duplicates included.

    source: None for the archive of the registry, downloaded if it is missing; or the path of such an archive, of the
    unpacked folder aclImdb, of imdb_train.txt or imdb_test.txt with the other one beside it, or of their folder (these
    are read in the order of their lines). progress: bars on standard error, if that is a terminal.

    -> (x_train, t_train), (x_test, t_test): x list of 25,000 str, t (25,000,) int64, 1 = positive. DataError: the data
    cannot be downloaded or read, or is not what it should be. Maas et al. 2011.
    """
    kind, path = _locate(source, progress)
    if kind == "tutorial":
        train, test = (_read_tutorial_file(path / file) for file in _TUTORIAL_FILES)
        return train, test
    texts = _read(kind, path, source is None, "labelled", progress)
    half = 2 * _PER_CLASS
    t = np.repeat(np.array([1, 0], dtype=np.int64), _PER_CLASS)  # (half,)
    return (texts[:half], t), (texts[half:], t.copy())


def load_unlabelled(source=None, progress=True):
    """The 50,000 reviews without a label, in the order of their numbers: list of str.

    source, progress and DataError as in `load_data`; the files of the NumPy tutorial have none.
    """
    kind, path = _locate(source, progress)
    if kind == "tutorial":
        expected = "expected the archive or the folder aclImdb"
        raise DataError(f"{path}: {expected}, {_TUTORIAL_FILES[0]} has labelled texts only")
    return _read(kind, path, source is None, "unlabelled", progress)


def count_duplicates(x_train, x_test):
    """-> Duplicates of two lists of str; of the official dataset (96, 199, 123)."""
    train, test = set(x_train), set(x_test)
    return Duplicates(len(x_train) - len(train), len(x_test) - len(test), len(train & test))


def is_source(name):
    """Whether a name that was typed is one for `load_data`: "imdb", the archive, or a folder that holds all of it."""
    path = Path(name)
    if name == "imdb" or (path / _TUTORIAL_FILES[0]).exists():
        return True
    if path.name.endswith((".tar.gz", ".tgz")):
        return path.name.startswith("aclImdb") or (path.is_file() and _begins_as_archive(path))
    return any(_is_whole(inside / "train" / "pos") for inside in (path / "aclImdb", path))


def _is_whole(folder):
    """Whether a folder has as many files as each of the four; a part of them is read as any folder is."""
    return folder.is_dir() and sum(1 for _ in folder.iterdir()) >= _PER_CLASS


def _begins_as_archive(path):
    """Whether the first member of a packed archive, whose name stands first, is the folder or in it."""
    try:
        with gzip.open(path) as unpacked:
            return unpacked.read(len("aclImdb/")) == b"aclImdb/"
    except (OSError, EOFError, zlib.error):
        return False


def _locate(source, progress):
    """("archive", its path), ("folder", aclImdb) or ("tutorial", the folder of its two files)."""
    path = fetch("imdb", progress) if source is None else Path(source)
    if not path.exists():
        raise DataError(f"{path}: expected the IMDb archive, its folder or its files, there is nothing of this name")
    if path.is_file():
        return ("tutorial", path.parent) if path.name in _TUTORIAL_FILES else ("archive", path)
    for inside in (path / "aclImdb", path):
        if (inside / "train").is_dir():
            return "folder", inside
    if any((path / file).exists() for file in _TUTORIAL_FILES):
        return "tutorial", path
    raise DataError(f"{path}: expected the folder aclImdb, or {' and '.join(_TUTORIAL_FILES)}, got neither")


def _read(kind, path, official, which, progress):
    """The "labelled" or "unlabelled" texts of a folder, or of an archive or its cache: list of str."""
    if kind == "folder":
        found = imdb_archive.read_folder(path, _counts(which), progress)
        return [text.decode() for texts in found.values() for text in texts]
    with reading(path):
        digest = registry.ENTRIES["imdb"].sha256 if official else sha256(path)
    arrays = array_cache.load(*_cache_name(digest, which), _FORM, imdb_archive.MOST_BYTES)
    with contextlib.suppress(ValueError):  # not made by `array_cache.pack`
        texts = array_cache.unpack(arrays["text"], arrays["offsets"]) if arrays else []
        if len(texts) == sum(_counts(which).values()):
            return texts
    if official:  # what is cached under its sha256 comes from a file that has it, whatever the file's stamp says
        fetch("imdb", progress, again=True)
    found = imdb_archive.read(path, _counts("labelled") | _counts("unlabelled"), progress)
    for each in ("labelled", "unlabelled"):
        flat, offsets = array_cache.pack(text for part in _counts(each) for text in found[part])
        array_cache.save(*_cache_name(digest, each), {"offsets": offsets, "text": flat})
    return [text.decode() for part in _counts(which) for text in found[part]]


def _counts(which):
    """Dict of part to its number of reviews, in the order of the cache."""
    return dict.fromkeys(_PARTS, _PER_CLASS) if which == "labelled" else {"train/unsup": _UNLABELLED}


def _cache_name(digest, which):
    """(name, key) of the cached texts of an archive."""
    return f"imdb-{digest[:16]}-{which}{array_cache.SUFFIX}", f"imdb {which}, parser {_PARSER}, archive {digest}"


def _read_tutorial_file(path):
    """(x, t)"""
    texts, t, names = labelled_text.load_data(path, 2)
    if names not in _TUTORIAL_LABELS:
        raise DataError(f"{path}: expected the labels 0 and 1, got {' and '.join(names)}")
    return texts, t
