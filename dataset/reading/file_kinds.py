"""Files that are no text, by their first bytes: what each is, and the way out."""

import os
import re
import zipfile

from dataset.errors import DataError

_SAVE_AS_CSV = "save it as CSV UTF-8"
_UNPACK = "unpack it and give a file of it"
_TO_CSV = 'write it as .csv: pandas\' to_csv("texts.csv", index=False)'
_COPY = "copy its text into a .txt or .csv file"

# first bytes -> (what it is, the way out)
_MAGIC = {
    b"\xd0\xcf\x11\xe0": ("an old Office file (.xls, .doc)", _SAVE_AS_CSV),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
    b"Rar!": ("a RAR archive", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", _UNPACK),
    b"\x04\x22\x4d\x18": ("an LZ4 file", _UNPACK),
    b"PAR1": ("a Parquet file", _TO_CSV),
    b"ARROW1": ("an Arrow (Feather) file", _TO_CSV),
    b"\xff\xff\xff\xff": ("an Arrow stream", _TO_CSV),
    b"FEA1": ("a Feather file", _TO_CSV),
    b"ORC": ("an ORC file", _TO_CSV),
    b"Obj\x01": ("an Avro file", _TO_CSV),
    b"\x93NUMPY": ("a NumPy array (.npy)", "write its texts as .csv"),
    b"\x89HDF": ("an HDF5 file", _TO_CSV),
    b"SQLite format 3": ("an SQLite database", "export the table as .csv"),
    b"<stata_dta>": ("a Stata file", _TO_CSV),
    b"$FL2": ("an SPSS file", _TO_CSV),
    b"$FL3": ("an SPSS file", _TO_CSV),
    b"RDX": ("an R file", "write it with write.csv"),
    b"X\n\x00\x00": ("an R file (.rds)", "write it with write.csv"),
    b"%PDF": ("a PDF", _COPY),
    b"{\\rtf": ("an RTF document", _COPY),
    b"\x89PNG": ("an image (PNG)", "give a file of texts"),
    b"\xff\xd8\xff": ("an image (JPEG)", "give a file of texts"),
    b"GIF8": ("an image (GIF)", "give a file of texts"),
    b"\x7fELF": ("a program", "give a file of texts"),
    b"version https://git-lfs": ("a pointer of Git LFS, not the file itself", "fetch it: git lfs pull"),
    **{bytes([0x80, n]): ("a Python pickle", f"load it where it comes from, and {_TO_CSV}") for n in (2, 3, 4, 5)},
}
_WEKA = "a Weka file (.arff)", "export it as .csv"
_SQL = "a dump of SQL", "export the table as .csv"
_MARKUP = {
    b"<!doctype html": ("a web page", "download the file itself, or copy its texts into a .csv file"),
    b"<html": ("a web page", "download the file itself, or copy its texts into a .csv file"),
    b"<table": ("a table of HTML, as some programs write .xls", "open it in a spreadsheet, and save it as CSV UTF-8"),
    b"@relation": _WEKA,
    b"<?xml": ("an XML file", "write its texts and labels as .csv"),
    **dict.fromkeys((b"create table", b"insert into", b"drop table", b"begin transaction;", b"-- mysql dump"), _SQL),
    **dict.fromkeys((b"-- phpmyadmin", b"--\n-- postgresql", b"pragma foreign_keys", b"/*!40101 set"), _SQL),
}
UNREADABLE = (".xlsx", ".xls", ".zip", ".7z", ".rar", ".tar", ".parquet", ".pkl", ".pickle", ".pdf", ".docx", ".db")
_OFFICE = {
    "xl/": ("an Excel workbook", _SAVE_AS_CSV),
    "word/": ("a Word document", _COPY),
    "ppt/": ("a PowerPoint file", _COPY),
    "content.xml": ("an OpenDocument file", f"{_SAVE_AS_CSV}, where it is a table"),
}


def check_is_text(head, path, is_open=True):
    """DataError that says what a file is, and the way out, where its first bytes `head` are those of no text.

    is_open: nobody named its encoding, so that zeros among its bytes are suspicious.
    """
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if found is None and head[257:262] == b"ustar":
        found = "a tar archive", _UNPACK
    if found is None and head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = _zip_kind(path)
    if found is None:
        start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        found = next((kind for tag, kind in _MARKUP.items() if start.startswith(tag)), None)
    if found is None and head.startswith(b"%") and re.search(rb"^\s*@relation\s", head, re.IGNORECASE | re.MULTILINE):
        found = _WEKA  # below comments
    if found is None and is_open:
        found = _without_mark(head)
    if found is not None:
        raise DataError(f"{path}: expected text, this is {found[0]}: {found[1]}")


def _zip_kind(path):
    """(what it is, the way out) of a zip archive, which the files of Office and of NumPy are, too."""
    names = []
    try:
        if os.path.isfile(path):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        pass
    for start, kind in _OFFICE.items():
        if any(name.startswith(start) for name in names):
            return kind
    if names and all(name.endswith(".npy") for name in names):
        return "a file of NumPy arrays (.npz)", "write its texts as .csv"
    if any(name.endswith("data.pkl") for name in names):
        return "a file of PyTorch", "write its texts as .csv"
    shown = ", ".join(ascii(name)[1:-1][:40] for name in names[:3]) + (", ..." if len(names) > 3 else "")
    return "a zip archive" + (f" ({shown})" if shown else ""), _UNPACK


def _without_mark(head):
    """UTF-16 or UTF-32 without a byte order mark, by where its zeros stand; None where it is neither."""
    if len(head) < 4 or head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return None
    head = head[: len(head) // 4 * 4]
    zeros = [head[i::4].count(0) / (len(head) / 4) for i in range(4)]
    patterns = {
        "utf-32-le": (0, 1, 1, 1),
        "utf-32-be": (1, 1, 1, 0),
        "utf-16-le": (0, 1, 0, 1),
        "utf-16-be": (1, 0, 1, 0),
    }
    for name, pattern in patterns.items():
        if all(share > 0.5 if wanted else share < 0.2 for share, wanted in zip(zeros, pattern)):
            return f"{name.upper()[:6]} without a byte order mark", f"say --encoding {name}"
    if sum(zeros) > 1.2:
        return "a binary file", "write its texts as .csv"
    return None
