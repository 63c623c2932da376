"""Damaged, foreign and odd files in the place of what the package keeps for its next start: each counts as missing.

Tokens, IMDb's texts and the stamps of verified files are read with one bit turned (every one of small files), as
mutants (of larger ones), and with pipes, devices, links, folders and files of others in the place of the file or of its
folder. Each time the answer must be the same as without a cache, with no error and no warning, within `LIMIT` seconds.
"""

import contextlib
import gzip
import hashlib
import io
import itertools
import os
import tarfile
import tempfile
import time
import warnings
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.torture import mutations
from benchmarks.torture.odd_files import CHANGES, ODD, remove
from benchmarks.torture.time_limit import TooLong, time_limit
from dataset import imdb
from dataset.store import fetch, registry, token_cache

MUTANTS = 2_000  # of each cache
LIMIT = 20  # seconds for one answer
KINDS = (  # those that need to know nothing of the format
    *(mutations.flipped_bit, mutations.set_bytes, mutations.zeroed, mutations.swapped_blocks),
    *(mutations.truncated, mutations.appended, mutations.prepended),
    *(mutations.inserted, mutations.removed, mutations.repeated),
)
WORDS = ["good", "not", "a film", "caf\u00e9", "don't", ":)", "10/10", "\u65e5\u672c", "\U0001f41f", "<br />", "..."]


def run(minutes, say, mutants=MUTANTS, seed=0):
    """Every bit, every odd thing, then `mutants` of each cache or as many as there is time for."""
    rng, end = np.random.default_rng(seed), time.monotonic() + 60 * minutes
    figures = {"bits": 0, "odd things": 0, "mutants": 0}
    for name in CACHES:
        with made(name, 3) as (file, answer):
            figures["bits"] += turn_bits(file, answer)
            figures["odd things"] += put_odd_things(file, answer)
        say(f"caches: bits and odd things of {name}: done")
    for name in CACHES:
        with made(name, 100) as (file, answer):
            figures["mutants"] += mutate(rng, file, answer, mutants, end)
        say(f"caches: mutants of {name}: done")
    return figures | {"errors, differences, answers that took too long": 0}


def mutate(rng, file, answer, mutants, end):
    """Ask with mutants of the file in its place, until `end` (time.monotonic); -> how many."""
    wanted, good = answer(), file.read_bytes()
    for number in range(mutants):
        if time.monotonic() > end:
            return number
        kind = KINDS[number % len(KINDS)]
        file.write_bytes(kind(rng, good, None))
        check(answer, wanted, f"{file.name}: mutant {number} ({kind.__name__})")
    return mutants


def turn_bits(file, answer, every=1):
    """Ask with each bit of the file (or one of `every`) turned; -> how many."""
    wanted, good = answer(), file.read_bytes()
    places = range(0, 8 * len(good), every)
    for place in places:
        damaged = bytearray(good)
        damaged[place // 8] ^= 1 << place % 8
        file.write_bytes(damaged)
        check(answer, wanted, f"{file.name}: bit {place}")
        assert file.read_bytes() == good, f"{file.name}: bit {place}: not replaced"
    return len(places)


def put_odd_things(file, answer):
    """Ask with each of the odd things in the place of the file, then of its folder; -> how many."""
    wanted, good, folder, count = answer(), file.read_bytes(), file.parent, 0
    for place, (name, put) in itertools.product((file, folder), ODD.items()):
        remove(folder)
        if place is file or name in CHANGES:
            folder.mkdir(0o700)
        if name in CHANGES:
            file.write_bytes(good)
        try:
            put(place, good)
        except (OSError, AttributeError):  # only the administrator can, or other systems
            continue
        for time_of_asking in ("first", "second"):
            check(answer, wanted, f"{name} in the place of {place.name}, the {time_of_asking} time")
        count += 1
    remove(folder)
    check(answer, wanted, "nothing in its place")
    return count


def check(answer, wanted, what):
    """AssertionError unless the answer is the wanted one, in time, without an error or a warning."""
    try:
        with time_limit(LIMIT), warnings.catch_warnings():
            warnings.simplefilter("error")
            got = answer()
    except (Exception, TooLong) as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
    assert got == wanted, f"{what}: another answer"


# ---- the caches


@contextlib.contextmanager
def made(name, texts):
    """One of CACHES, of so many texts -> its file, and a function that gives what a start gets with its help."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, SENTIFISH_DATA=str(Path(folder, "data"))))
        answer = CACHES[name](stack, Path(folder), texts)
        answer()
        kept = [file for file in Path(folder, "data").rglob("*") if file.is_file() and file.suffix in _KEPT]
        yield min(kept), answer
        remove(Path(folder, "data"))


def _texts(count):
    rng = np.random.default_rng(count)
    return [" ".join(rng.choice(WORDS, size=40 if count > 9 else 4)) for _ in range(count)]


def _tokens(stack, folder, count):
    stack.enter_context(mock.patch.object(token_cache, "_MIN_SIZE", 1))
    texts = _texts(count)

    def answer():
        tokenized = token_cache.tokenize_texts(texts, progress=False)
        return tokenized.words, tokenized.ids.tolist(), tokenized.offsets.tolist()

    return answer


def _reviews(stack, folder, count):
    stack.enter_context(mock.patch.multiple(imdb, _PER_CLASS=count, _UNLABELLED=1))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for part in ("train/pos", "train/neg", "test/pos", "test/neg", "train/unsup"):
            for number, text in enumerate(_texts(count)[: 1 if part == "train/unsup" else None]):
                member = tarfile.TarInfo(f"aclImdb/{part}/{number}_1.txt")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
    path = folder / "aclImdb.tar.gz"
    path.write_bytes(gzip.compress(packed.getvalue()))
    return lambda: [(x, t.tolist()) for x, t in imdb.load_data(path, progress=False)]


def _stamps(stack, folder, count):
    content = "\n".join(_texts(count)).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    entry = registry.Entry("bytes", "a.bin", sha256, None, "CC0", "this benchmark", "https://nowhere.invalid/a.bin")
    stack.enter_context(mock.patch.dict(registry.ENTRIES, {"a": entry}))
    fetch.path("a").parent.mkdir()
    fetch.path("a").write_bytes(content)
    return lambda: (fetch.status("a"), fetch.fetch("a").read_bytes())


CACHES = {"tokens": _tokens, "texts of IMDb": _reviews, "stamps": _stamps}
_KEPT = (".arrays", ".verified")
