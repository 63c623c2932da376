"""A file of text is read whatever it is encoded or compressed with; a wrong byte is named with the likely encoding."""

import bz2
import contextlib
import csv
import gzip
import io
import lzma
import pickle
import sqlite3
import zipfile

import numpy as np
import pytest

import dataset.lines
from dataset.errors import DataError
from dataset.lines import text_lines, unlimited_csv_fields
from dataset.reading.encodings import guess_encoding


@pytest.fixture
def lines(tmp_path):
    def read(content, encoding=None, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return list(text_lines(path, encoding))

    return read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(lines, encoding):
    text = "ça va\r\n\u0085\u2028\rпривет\n好\U0001f600"
    assert lines(text.encode(encoding)) == ["ça va\r\n", "\u0085\u2028\rпривет\n", "好\U0001f600"]
    assert lines(b"\xfe\xff" + text.encode("utf-16-be"))[0] == "ça va\r\n"


def test_lines_may_end_at_carriage_returns_alone(lines):
    assert lines(b"a\rb\rc") == ["a\r", "b\r", "c"] and lines(b"a\rb\nc\r") == ["a\rb\n", "c\r"]


def test_lines_and_characters_may_lie_across_blocks(lines, monkeypatch):
    text = "".join("é" * n + "好\n" for n in range(60))
    whole = lines(text.encode()), lines(text.encode("utf-16")), lines(text.encode("gbk", "ignore"), "gbk")
    monkeypatch.setattr(dataset.lines, "_BLOCK", 7)
    assert whole[0] == text.splitlines(keepends=True) == whole[1]
    assert (lines(text.encode()), lines(text.encode("utf-16")), lines(text.encode("gbk", "ignore"), "gbk")) == whole


def test_a_line_has_an_end(lines, monkeypatch):
    monkeypatch.setattr(dataset.lines, "LONGEST", 20)
    monkeypatch.setattr(dataset.lines, "_BLOCK", 8)
    with pytest.raises(DataError, match="line 2: expected at most 20 characters in a line, got more"):
        lines(b"short\n" + b"x" * 40)


SAMPLES = {
    "cp1252": "ein schöner Film, très bon, l’été",
    "mac_roman": "ein schöner Film, très bon, l’été",
    "gbk": "很好吃，我们都喜欢这个味道，送餐很快",
    "big5": "這個東西很好吃,我們都喜歡",
    "shift_jis": "この映画はとても面白かったです",
    "euc_jp": "この映画はとても面白かったです",
    "euc_kr": "이 영화는 정말 재미있어요",
    "cp1251": "Очень хороший фильм, мне понравилось",
    "koi8_r": "Очень хороший фильм, мне понравилось",
    "cp1250": "bardzo dobry film, świetna książka żółw",
    "cp1254": "çok güzel bir film, şiddetle",
    "cp1253": "πολύ καλή ταινία",
    "cp1256": "فيلم جيد جدا",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_a_wrong_byte_is_named_with_its_line_and_the_likely_encoding(lines, encoding):
    content = ("ok\nfine\n" + SAMPLES[encoding] + "\n").encode(encoding)
    assert guess_encoding(content) == encoding
    with pytest.raises(DataError, match=rf"a\.csv, line 3: expected UTF-8, got byte 0x.*: say --encoding {encoding}$"):
        lines(content)
    assert lines(content, encoding)[2] == SAMPLES[encoding] + "\n"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gbk", "又加班到半夜，烦死了"),  # nearly as likely as KOI8-R by its commonest characters
        ("gbk", "标签,评论\n1,物流速度快\n0,质量不行，用两天坏掉"),
        ("euc_kr", "배송이 너무 느려서 실망했습니다"),
    ],
)
def test_a_few_words_of_another_script_are_no_russian(encoding, content):
    assert guess_encoding(content.encode(encoding)) == encoding


def test_a_byte_that_an_encoding_does_not_have_is_named(lines):
    with pytest.raises(DataError, match="line 2: expected gbk, got byte 0xff; say its encoding with --encoding NAME"):
        lines("好\n".encode("gbk") + b"\xff\xff\n", "GBK")
    with pytest.raises(DataError, match=r"line 2: .* got byte 0xff; what is around it is UTF-8: mend this line"):
        lines("пять слов\nодно \xff\n".encode().replace("\xff".encode(), b"\xff") + "ещё слова\n".encode())
    for name in ("nothing", "rot13", "base64", "idna", "", "a\0b"):
        with pytest.raises(
            DataError, match="--encoding: expected the name of an encoding, such as utf-8, cp1252, latin-1"
        ):
            lines(b"a", name)


def test_utf_16_without_a_mark_is_suspected_by_its_zeros(lines):
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        content = "text,label\ngood,1\n".encode(encoding)
        with pytest.raises(DataError, match=f"without a byte order mark: say --encoding {encoding}"):
            lines(content)
        assert lines(content, encoding) == ["text,label\n", "good,1\n"]
    assert lines(b"a\0b\n") == ["a\0b\n"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_read_and_damaged_ones_named(lines, compress):
    text = "".join(f"line {n * n}\n" for n in range(2000))
    content = compress(text.encode())
    assert "".join(lines(content)) == text
    for damaged in (content[:-20], content[: len(content) // 2], content[:50] + b"zzzz" + content[54:]):
        with pytest.raises(DataError, match=r"a\.csv: expected a whole compressed file, got a damaged one"):
            lines(damaged)


# ---- files that are no text


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def saved(save, **arrays):
    stream = io.BytesIO()
    save(stream, *([np.arange(3)] if not arrays else []), **arrays)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "way_out"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "save it as CSV UTF-8"),
        (zipped("word/document.xml"), "a Word document", "copy its text"),
        (zipped("mimetype", "content.xml"), "an OpenDocument file", "save it as CSV UTF-8"),
        (zipped("reviews.csv", "b.csv"), r"a zip archive \(reviews.csv, b.csv\)", "unpack it"),
        (b"PK\x03\x04 cut off", "a zip archive", "unpack it"),
        (saved(np.savez, a=np.arange(3)), r"a file of NumPy arrays \(.npz\)", "as .csv"),
        (saved(np.save), "a NumPy array", "as .csv"),
        (pickle.dumps({"a": [1]}), "a Python pickle", r"to_csv\(.*index=False"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file", "save it as CSV UTF-8"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive", "unpack it"),
        (b"PAR1\x15\x04", "a Parquet file", "to_csv"),
        (b"ARROW1\0\0", "an Arrow", "to_csv"),
        (b"FEA1\0\0", "a Feather file", "to_csv"),
        (b"SQLite format 3\0", "an SQLite database", "export the table"),
        (b"%PDF-1.7\n", "a PDF", "copy its text"),
        (b"\x89PNG\r\n\x1a\n", "an image", "give a file of texts"),
        (b"\n <!DOCTYPE html>\n<html>", "a web page", "download the file itself"),
        (b"<?xml version='1.0'?>", "an XML file", "as .csv"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS", "git lfs pull"),
        (gzip.compress(b"\0" * 257 + b"ustar" + b"\0" * 250, mtime=0), "a tar archive", "unpack it"),
        (bytes(100), "a binary file", "as .csv"),
    ],
)
def test_a_file_that_is_no_text_is_named_with_the_way_out(lines, content, kind, way_out):
    with pytest.raises(DataError, match=f"a.csv: expected text, this is {kind}.*: .*{way_out}") as caught:
        lines(content)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError) if content != bytes(100) else contextlib.nullcontext():
        lines(content, "latin-1")


def test_a_real_database_is_named(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("create table texts (text, label)")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match=r"a\.db: expected text, this is an SQLite database"):
        list(text_lines(tmp_path / "a.db"))


def test_an_encoding_that_utf_8_contradicts_is_named_with_the_way_out(lines):
    plain, accents = b"text,label\n", "ü".encode() * 10
    for encoding in ("latin-1", "gbk", "cp1252"):
        with pytest.raises(DataError, match="got UTF-8: leave out --encoding"):
            lines(plain + accents, encoding)
        with pytest.raises(DataError, match="got the byte order mark of utf-8: leave out --encoding"):
            lines(b"\xef\xbb\xbf" + plain, encoding)
        assert lines(plain, encoding) == ["text,label\n"]
    for encoding in ("utf-16", "ascii"):
        with pytest.raises(DataError, match=r"a\.csv: expected .*, got UTF-8: leave out --encoding"):
            lines(plain + "ü\n".encode(), encoding)
    assert lines("über".encode("utf-16"), "utf-16-le") == ["über"]


def test_the_limit_of_csv_fields_is_restored_by_the_last_that_leaves():
    before = csv.field_size_limit()
    first, second = unlimited_csv_fields(), unlimited_csv_fields()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert csv.field_size_limit() > before
    second.__exit__(None, None, None)
    assert csv.field_size_limit() == before
