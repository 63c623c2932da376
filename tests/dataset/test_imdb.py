"""IMDb is read whole, in one order, out of any of its forms; and no archive, however hostile, does any harm."""

import gzip
import io
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from dataset import imdb, imdb_archive
from dataset.errors import DataError
from dataset.store import array_cache, registry
from dataset.store import fetch as fetch_module
from dataset.store.fetch import derived_folder, sha256

FEW = 3  # texts of each class in the small archives made here
LABELLED = ("train/pos", "train/neg", "test/pos", "test/neg")
ZEROS = gzip.compress(bytes(2**24), 1)


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A data set of 4 x 3 labelled texts and 5 without, and a cache of its own for each test."""
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(imdb, "_PER_CLASS", FEW)
    monkeypatch.setattr(imdb, "_UNLABELLED", 5)


def text_of(part, number):
    return f"{part} {number}:\tcaf\u00e9 \u0085 <br />\r two\nlines \U0001f41f"


def members():
    """name -> bytes, in an order as wild as that of a disk, with the official archive's other files."""
    named = {"aclImdb/README": b"read me", "aclImdb/train/urls_pos.txt": b"http://x\n"}
    for part, count in [*((part, FEW) for part in reversed(LABELLED)), ("train/unsup", 5)]:
        for number in sorted(range(count), key=lambda i: -(i * 7 % 5)):
            # Numbers of one and of two digits: their order is not that of their names.
            named[f"aclImdb/{part}/{number * 5}_{number}.txt"] = text_of(part, number * 5).encode()
    return named


def header(name, size=0, kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member


def tar(named, *more):
    """The bytes of a .tar with files, after them further headers without content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(header("aclImdb/", kind=tarfile.DIRTYPE))
        for name, content in named.items():
            archive.addfile(header(name, len(content)), io.BytesIO(content))
        for member in more:  # not by addfile, which asks for what the header promises
            archive.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))
            archive.offset += tarfile.BLOCKSIZE
    return out.getvalue()


@pytest.fixture
def write(tmp_path):
    def write_archive(content):
        path = tmp_path / "a.tar.gz"
        path.write_bytes(content)
        return path

    return write_archive


@pytest.fixture
def archive(write):
    return write(gzip.compress(tar(members())))


def check(read):
    (x_train, t_train), (x_test, t_test) = read
    for x, t, part in ((x_train, t_train, "train"), (x_test, t_test, "test")):
        assert x == [text_of(f"{part}/{label}", number * 5) for label in ("pos", "neg") for number in range(FEW)]
        assert t.dtype == np.int64 and t.tolist() == [1] * FEW + [0] * FEW


UNLABELLED = [text_of("train/unsup", number * 5) for number in range(5)]


# ---- all the forms


def test_an_archive_gives_every_text_in_the_order_of_its_number(archive):
    check(imdb.load_data(archive))
    assert imdb.load_unlabelled(str(archive)) == UNLABELLED


def test_an_unpacked_folder_gives_the_same(archive, tmp_path):
    for name, content in members().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for folder in (tmp_path / "aclImdb", tmp_path):
        check(imdb.load_data(folder))
        assert imdb.load_unlabelled(folder) == UNLABELLED
    assert not derived_folder().exists()
    shutil.rmtree(tmp_path / "aclImdb" / "train" / "unsup")
    check(imdb.load_data(tmp_path))
    with pytest.raises(DataError, match=r"unsup: cannot be read \(No such file"):
        imdb.load_unlabelled(tmp_path)
    (tmp_path / "aclImdb" / "test" / "neg" / "0_0.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"aclImdb: expected UTF-8 in number 0 of test/neg, got byte 0xff"):
        imdb.load_data(tmp_path)


@pytest.mark.parametrize("labels", [("0", "1"), ("0.0", "1.0")])
def test_the_tutorial_s_files_are_read_in_the_order_of_their_lines(tmp_path, labels):
    no, yes = labels
    (tmp_path / "imdb_train.txt").write_bytes(f"{yes}\tgood\tone\u0085!\n{no}\tbad\n{yes}\tgood\tone\u0085!\n".encode())
    (tmp_path / "imdb_test.txt").write_bytes(f"{no}\tpoor\n{yes}\tfine\n".encode())
    for source in (tmp_path, tmp_path / "imdb_train.txt", tmp_path / "imdb_test.txt"):
        (x_train, t_train), (x_test, t_test) = imdb.load_data(source)
        assert x_train == ["good\tone\u0085!", "bad", "good\tone\u0085!"] and t_train.tolist() == [1, 0, 1]
        assert x_test == ["poor", "fine"] and t_test.tolist() == [0, 1]
    with pytest.raises(DataError, match="has labelled texts only"):
        imdb.load_unlabelled(tmp_path)
    (tmp_path / "imdb_test.txt").write_bytes(b"7\tpoor\n8\tfine\n")
    with pytest.raises(DataError, match=r"imdb_test\.txt: expected the labels 0 and 1, got 7 and 8"):
        imdb.load_data(tmp_path)
    (tmp_path / "imdb_test.txt").unlink()
    with pytest.raises(DataError, match=r"imdb_test\.txt: expected a file or a folder, there is none"):
        imdb.load_data(tmp_path)


def test_without_a_source_the_archive_of_the_registry_is_used(archive, monkeypatch):
    entry = registry.Entry("small", "small.tar.gz", sha256(archive), None, "", "", "http://127.0.0.1:9/")
    monkeypatch.setitem(registry.ENTRIES, "imdb", entry)
    derived_folder().parent.mkdir()
    shutil.copy(archive, derived_folder().parent / "small.tar.gz")
    check(imdb.load_data())
    assert imdb.load_unlabelled() == UNLABELLED


def test_an_archive_under_a_stamp_that_is_not_its_own_is_neither_read_nor_cached(archive, monkeypatch, write):
    whole = archive.read_bytes()
    entry = registry.Entry("small", "small.tar.gz", sha256(archive), None, "", "", "http://127.0.0.1:9/")
    monkeypatch.setitem(registry.ENTRIES, "imdb", entry)
    monkeypatch.setattr(fetch_module, "_RETRIES", 0)
    fetch_module.path("imdb").parent.mkdir()
    fetch_module.path("imdb").write_bytes(gzip.compress(tar(members() | {"aclImdb/test/pos/0_0.txt": b"other"})))
    fetch_module._stamp_file("imdb").parent.mkdir()
    fetch_module._stamp_file("imdb").write_bytes(fetch_module._stamp("imdb"))
    with pytest.raises(DataError, match=r"small\.tar\.gz is damaged and cannot be downloaded"):
        imdb.load_data()
    fetch_module.path("imdb").write_bytes(whole)
    check(imdb.load_data())


def test_other_places_are_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"nowhere: expected the IMDb archive, its folder or its files, there is nothing"
    ):
        imdb.load_data(tmp_path / "nowhere")
    with pytest.raises(
        DataError, match=r"expected the folder aclImdb, or imdb_train\.txt and imdb_test\.txt, got neither"
    ):
        imdb.load_data(tmp_path)


def test_duplicates_are_kept_and_counted():
    counted = imdb.count_duplicates(["a", "b", "a", "a", "c"], ["a", "d", "d", "c", "c"])
    assert counted == imdb.Duplicates(train=2, test=2, shared=2)


# ---- the cache of what was parsed


@pytest.fixture
def parsed(archive, monkeypatch):
    """The archive, read once; and a list that grows whenever one is parsed again."""
    imdb.load_data(archive)
    times, read = [], imdb_archive.read

    def counted(*args):
        times.append(1)
        return read(*args)

    monkeypatch.setattr(imdb_archive, "read", counted)
    return archive, times


def test_the_second_start_parses_nothing(parsed):
    archive, times = parsed
    check(imdb.load_data(archive))
    assert imdb.load_unlabelled(archive) == UNLABELLED and times == []
    assert len(list(derived_folder().iterdir())) == 2


def test_another_archive_or_parser_is_parsed_again(parsed, monkeypatch, write):
    archive, times = parsed
    monkeypatch.setattr(imdb, "_PARSER", imdb._PARSER + 1)
    check(imdb.load_data(archive))
    assert len(times) == 1
    other = members()
    other["aclImdb/test/pos/0_0.txt"] = b"other"
    assert imdb.load_data(write(gzip.compress(tar(other))))[1][0][0] == "other" and len(times) == 2


def cut(content):
    return content[: len(content) // 2]


def turn_a_bit(content):
    at = content.index(b"train/pos 5")
    return content[:at] + b"s" + content[at + 1 :]


@pytest.mark.parametrize("damage", [cut, turn_a_bit, lambda content: b"", lambda content: b"PK\x03\x04junk"])
def test_a_damaged_cache_is_rebuilt(parsed, damage):
    archive, times = parsed
    for file in derived_folder().iterdir():
        file.write_bytes(damage(file.read_bytes()) if "unlabelled" not in file.name else b"x")
    check(imdb.load_data(archive))
    assert len(times) == 1
    check(imdb.load_data(archive))
    assert imdb.load_unlabelled(archive) == UNLABELLED and len(times) == 1


@pytest.mark.parametrize(
    "foreign",
    [
        {"text": np.zeros(3, np.uint8)},
        {"text": np.zeros(3, np.uint8), "offsets": np.array([0, 3])},
        {"text": np.zeros(3, np.uint8), "offsets": np.array([0, 2, 1, *[3] * 10])},
        {"text": np.full(3, 0xFF, np.uint8), "offsets": np.array([0, *[3] * 12])},
        {"text": np.zeros(3, np.uint8), "offsets": np.array([[0], [3]])},
        {"text": np.zeros(3, np.uint8), "offsets": np.array([0.0, *[3.0] * 12])},
    ],
)
def test_a_cache_with_the_right_key_and_other_arrays_is_rebuilt(parsed, foreign):
    archive, times = parsed
    array_cache.save(*imdb._cache_name(sha256(archive), "labelled"), foreign)
    check(imdb.load_data(archive))
    assert len(times) == 1


def test_a_cache_that_cannot_be_written_is_none_and_leaves_nothing(archive, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    check(imdb.load_data(archive))
    assert list(derived_folder().iterdir()) == []
    monkeypatch.setattr(Path, "mkdir", full)
    check(imdb.load_data(archive))


# ---- what is no good archive


def without(name):
    return {other: content for other, content in members().items() if other != name}


def a_header_of_ten_gigabytes(kind, before=b""):
    return gzip.compress(before + header("x", 10 * 2**30, kind).tobuf(tarfile.GNU_FORMAT)) + ZEROS * 640


def hostile():
    """name of the case -> (bytes of an archive, what is said of it)"""
    good = tar(members())
    first = "aclImdb/test/neg/0_0.txt"

    def with_member(*args, **kwargs):
        return gzip.compress(tar(without(first), header(*args, **kwargs)))

    huge = gzip.compress(tar({}, header(first, 10 * 2**30))[:1024]) + ZEROS * 640
    huge_other = gzip.compress(tar({}, header("aclImdb/README", 10 * 2**30))[:1024]) + ZEROS * 640
    gigabytes = header("aclImdb/a", 512).tobuf() + bytes(512) + header("aclImdb/b", 2**30).tobuf() + bytes(2**14)
    one_header = header("aclImdb/train/x.txt").tobuf()
    sparse = header(first, 3, tarfile.GNUTYPE_SPARSE)
    negative = bytearray(header(first).tobuf())
    negative[124:136] = b"\xff" * 12  # the size -1
    negative[148:156] = f"{sum(negative[:148]) + 8 * 32 + sum(negative[156:]):06o}\0 ".encode()
    pax = header("x", 30, b"x").tobuf() + b"30 GNU.sparse.map=one,two,six\n".ljust(512, b"\0") + header(first).tobuf()
    return {
        "name outside": (with_member("aclImdb/../../escaped.txt"), r"names below aclImdb/, got 'aclImdb/\.\./\.\./esc"),
        "absolute name": (with_member("/escaped.txt"), "expected names below aclImdb/, got '/escaped"),
        "symlink": (
            with_member(first, kind=tarfile.SYMTYPE, link="/etc/passwd"),
            "'aclImdb/test/neg/0_0.txt' is a link",
        ),
        "hard link": (with_member(first, kind=tarfile.LNKTYPE, link="/etc/passwd"), "is a link or the like"),
        "link elsewhere": (with_member("aclImdb/x", kind=tarfile.SYMTYPE, link="/"), "'aclImdb/x' is a link"),
        "device": (with_member(first, kind=tarfile.CHRTYPE), "is a link or the like"),
        "sparse": (gzip.compress(tar(without(first), sparse)), "is a link or the like|damaged or unfinished"),
        "10 GB of zeros": (huge, "expected at most 1,048,576 bytes in 'aclImdb/test/neg/0_0.txt', got 10,737,418,240"),
        "10 GB elsewhere": (huge_other, "expected at most 1,073,741,824 bytes in 'aclImdb/README'"),
        "gigabytes together": (gzip.compress(gigabytes, 1), "expected at most 1,073,741,824 bytes in all members"),
        "10 GB pax header": (a_header_of_ten_gigabytes(tarfile.XHDTYPE), "a broken header or a long tail"),
        "10 GB pax header later": (
            a_header_of_ten_gigabytes(tarfile.XHDTYPE, one_header),
            "a broken header or a long tail",
        ),
        "10 GB long name": (a_header_of_ten_gigabytes(tarfile.GNUTYPE_LONGNAME), "a broken header or a long tail"),
        "10 GB at the end": (gzip.compress(good) + ZEROS * 640, "a broken header or a long tail"),
        "size below zero": (gzip.compress(bytes(negative) + bytes(2**14)), "damaged or unfinished|expected at most"),
        "nonsense in a pax header": (gzip.compress(pax + bytes(2**14)), "damaged or unfinished"),
        "many members": (gzip.compress(one_header * 10_000, 1) * 20, "this one has more than 1,000 members"),
        "one too few": (gzip.compress(tar(without(first))), "expected 3 texts in test/neg, got 2"),
        "one too many": (
            gzip.compress(tar(members(), header("aclImdb/test/neg/77_0.txt"))),
            "3 texts in test/neg, got 4",
        ),
        "one twice": (with_member("aclImdb/test/neg/5_3.txt"), "one text of each number in test/neg, got 5 twice"),
        "no UTF-8": (
            gzip.compress(tar(members() | {first: b"caf\xe9"})),
            "UTF-8 in number 0 of test/neg, got byte 0xe9",
        ),
        "no gzip": (
            good,
            r"expected the IMDb archive \(\.tar\.gz\), got a damaged or unfinished one \(Not a gzipped file",
        ),
        "truncated": (gzip.compress(os.urandom(2**16) + good)[: 2**16], "damaged or unfinished|broken header"),
        "truncated in a text": (gzip.compress(tar({first: os.urandom(2**19)}))[: 2**18], "damaged or unfinished"),
        "without its end": (gzip.compress(good)[:-4], "damaged or unfinished"),
        "with a wrong checksum": (gzip.compress(good)[:-8] + bytes(8), "damaged"),
        "tar cut short": (gzip.compress(good[:5000]), "damaged or unfinished|expected 3 texts"),
        "gzip of no tar": (gzip.compress(b"hello" * 1000), "damaged or unfinished"),
        "empty": (b"", "damaged or unfinished"),
        "empty gzip": (gzip.compress(b""), "damaged or unfinished"),
        "empty tar": (gzip.compress(tar({})), "expected 3 texts in train/pos, got 0"),
    }


HOSTILE = hostile()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_or_broken_archive_is_one_clear_error_and_leaves_nothing(case, write, tmp_path, monkeypatch):
    content, said = HOSTILE[case]
    monkeypatch.setattr(imdb_archive, "_MOST_MEMBERS", 1000)
    path = write(content)
    unpacked, plain = [], gzip.GzipFile.read

    def read(self, size=-1):
        unpacked.append(len(found := plain(self, size)))
        return found

    monkeypatch.setattr(gzip.GzipFile, "read", read)
    with pytest.raises(DataError, match=said) as caught:
        imdb.load_data(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)
    assert sum(unpacked) < 2**22  # of up to 10 GB
    assert list(tmp_path.rglob("*")) == [path]  # not even the cache


def test_an_archive_that_cannot_be_read_is_named(archive, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(gzip, "open", refuse)
    with pytest.raises(DataError, match=r"a\.tar\.gz: cannot be read \(Permission denied\)"):
        imdb.load_data(archive)
    monkeypatch.setattr(imdb, "sha256", refuse)
    with pytest.raises(DataError, match=r"a\.tar\.gz: cannot be read \(Permission denied\)"):
        imdb.load_data(archive)


# ---- the real training half


DATA = os.environ.get("SENTIFISH_TEST_DATA")


@pytest.mark.skipif(DATA is None, reason="SENTIFISH_TEST_DATA is not set")
def test_the_real_training_half_has_96_duplicates():
    train = Path(DATA, "imdb", "train.tsv")
    texts = [line.split("\t", 1)[1] for line in train.read_bytes().decode().removesuffix("\n").split("\n")]
    assert len(texts) == 25_000 and imdb.count_duplicates(texts, texts[:1]) == imdb.Duplicates(96, 0, 1)


def test_a_part_of_the_folder_and_other_archives_are_no_source(archive, tmp_path):
    (tmp_path / "aclImdb" / "train" / "pos").mkdir(parents=True)
    (tmp_path / "aclImdb" / "train" / "pos" / "0_9.txt").write_bytes(b"good")
    assert not imdb.is_source(tmp_path) and not imdb.is_source(tmp_path / "aclImdb")
    shutil.copy(archive, tmp_path / "renamed.tgz")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as other:
        other.addfile(tarfile.TarInfo("reviews/pos/1.txt"))
    (tmp_path / "damaged.tar.gz").write_bytes((tmp_path / "other.tar.gz").read_bytes()[:12])
    names = "renamed.tgz", "other.tar.gz", "damaged.tar.gz", "aclImdb.tgz"
    found = [imdb.is_source(tmp_path / name) for name in names]
    assert found == [True, False, False, True]
