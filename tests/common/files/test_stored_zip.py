"""The frame of a zip file as Python's own reader and NumPy understand it."""

import io
import zipfile
import zlib

import numpy as np
import pytest

from common.files.stored_zip import END, LARGEST, LOCAL, StoredZip, npy_head


def test_pythons_own_reader_finds_every_member_and_the_comment():
    members = {"a": b"one", "é/日": b"", "c.npy": bytes(1000)}
    zipped, pieces = StoredZip(), []
    for name, data in members.items():
        local = zipped.member(name, len(data), zlib.crc32(data))
        assert len(local) == LOCAL + len(name.encode())
        pieces += [local, data]
    file = b"".join(pieces)
    assert zipped.offset == len(file)
    end = zipped.end(b"said")
    assert end[-END - 4 :][:4] == b"PK\x05\x06"
    with zipfile.ZipFile(io.BytesIO(file + end)) as archive:
        assert archive.testzip() is None and archive.comment == b"said"
        assert {name: archive.read(name) for name in archive.namelist()} == members
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_4_gib_are_too_much():
    zipped = StoredZip()
    zipped.member("a", LARGEST - 100, 0)
    with pytest.raises(ValueError, match="expected less than 4 GiB"):
        zipped.member("b", 100, 0)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4), tuple(range(1, 30))])
@pytest.mark.parametrize("dtype", ["<f4", "|u1"])
def test_numpy_reads_the_head_of_an_array(shape, dtype):
    head = npy_head(shape, dtype)
    file = io.BytesIO(head)
    assert len(head) % 64 == 0 and np.lib.format.read_magic(file) == (1, 0)
    assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.dtype(dtype)) and file.read() == b""
