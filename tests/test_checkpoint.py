"""One file, whole or not at all, and every defect of it one CheckpointError that names the file."""

import io
import json
import os
import time
import zipfile

import numpy as np
import pytest

import common.checkpoint
from common.checkpoint import CheckpointError, load_arrays, load_checkpoint, save_arrays


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.fixture
def small(path):
    """A small file and its bytes."""
    save_arrays(path, {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(2)}, {"words": ["é", "x"]})
    return path, path.read_bytes()


def members_of(path):
    """name -> bytes of each member, in order."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path, members, compression=zipfile.ZIP_STORED):
    """members: (name, bytes) pairs."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)


def npy(a, allow_pickle=False):
    file = io.BytesIO()
    np.lib.format.write_array(file, a, allow_pickle=allow_pickle)
    return file.getvalue()


def refused(path, match=None):
    start = time.perf_counter()
    with pytest.raises(CheckpointError, match=match) as caught:
        load_checkpoint(path)
    assert time.perf_counter() - start < 5
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


# ---- round trip


def test_every_dtype_shape_and_order_comes_back(path):
    rng = np.random.default_rng(0)
    arrays = {
        **{f"float{bits}": rng.standard_normal((2, 3)).astype(f"f{bits // 8}") for bits in (16, 32, 64)},
        **{f"ints {kind}": np.arange(5).astype(kind) for kind in ("i1", "u1", "i4", "u8", "?")},
        "big endian": np.arange(4, dtype=">f4"),
        "scalar": np.array(3.5),
        "number": np.float32(2.5),
        "empty": np.zeros((0, 4), np.float32),
        "fortran": np.asfortranarray(rng.standard_normal((3, 4))),
        "strided": np.arange(20.0)[::3],
        "a/é.W": np.ones((1, 1, 1, 2)),
    }
    meta = {"words": ["日本", "<pad>", '"'], "n": 3, "deep": [{"x": None}, 1.5, True]}
    save_arrays(path, arrays, meta)
    got, got_meta = load_checkpoint(path)
    assert list(got) == list(arrays) and got_meta == meta
    for name, a in arrays.items():
        assert got[name].shape == np.shape(a), name
        assert got[name].dtype == a.dtype and np.array_equal(got[name], a), name
        assert got[name].flags.writeable and got[name].flags.c_contiguous
    assert all(np.array_equal(a, b) for a, b in zip(load_arrays(path).values(), got.values()))


def test_no_arrays_and_no_meta_come_back(path):
    save_arrays(str(path), {})
    assert load_checkpoint(path) == ({}, {})


def test_numpy_itself_reads_the_arrays_without_pickle(small):
    with np.load(small[0], allow_pickle=False) as file:
        assert np.array_equal(file["W"], np.arange(6).reshape(2, 3))


def test_equal_contents_are_equal_bytes(tmp_path):
    arrays = {"a": np.arange(3.0), "b": np.ones((2, 2), np.float32)}
    save_arrays(tmp_path / "one.npz", arrays, {"k": 1})
    save_arrays(tmp_path / "two.npz", {"a": np.arange(6.0)[:3].copy(), "b": arrays["b"].T}, {"k": 1})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:  # and in a minute they still are
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_file_can_be_read_by_whom_the_umask_allows(path):
    mask = os.umask(0o027)
    try:
        save_arrays(path, {})
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o640


# ---- damage


def loads_the_same_or_is_refused(path, wanted):
    try:
        arrays, meta = load_checkpoint(path)
    except CheckpointError as error:
        assert str(error).startswith(f"{path}: ")
        return False
    assert meta == wanted[1] and list(arrays) == list(wanted[0])
    for name, a in wanted[0].items():
        assert arrays[name].dtype == a.dtype and arrays[name].shape == a.shape and np.array_equal(arrays[name], a)
    return True


def test_every_truncation_is_refused(small):
    path, content = small
    wanted = load_checkpoint(path)
    for end in range(len(content)):
        path.write_bytes(content[:end])
        assert not loads_the_same_or_is_refused(path, wanted), end


def test_every_flipped_byte_is_refused_or_harmless(small):
    path, content = small
    wanted = load_checkpoint(path)
    harmless = 0
    for place in range(len(content)):
        for flip in (0x01, 0x80, 0xFF) if place % 7 else (0x10, 0x20, 0x55):
            damaged = bytearray(content)
            damaged[place] ^= flip
            path.write_bytes(damaged)
            harmless += loads_the_same_or_is_refused(path, wanted)
    assert harmless < len(content)  # dates and the like; the contents stand several times over


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + bytes(18), b"\x80\x04N."])
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    refused(path)


def test_missing_files_and_folders_are_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "none.npz")
    refused(tmp_path)


def test_an_npz_of_numpys_own_is_refused(path):
    np.savez(path, W=np.ones(3))
    refused(path, "expected the members of a checkpoint")


# ---- attacks


def test_compressed_members_are_refused_before_they_are_unpacked(small):
    path, _ = small
    write_zip(path, members_of(path).items(), zipfile.ZIP_DEFLATED)
    refused(path, "compressed")


def test_a_bomb_is_refused_quickly(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.json", b" " * (1 << 26))
    refused(path, "compressed")


def test_members_that_are_extra_missing_twice_or_in_another_order_are_refused(small):
    path, _ = small
    members = list(members_of(path).items())
    for wrong in (
        [*members, ("more.npy", npy(np.ones(2)))],
        [*members, ("evil.py", b"import os")],
        members[:-1],
        members[1:],
        [members[0], members[2], members[1]],
        [members[1], members[0], members[2]],
    ):
        write_zip(path, wrong)
        refused(path, "expected")
    for twice in range(3):
        with pytest.warns(UserWarning, match="Duplicate name"):
            write_zip(path, [*members, members[twice]])
        refused(path, "each once")


def with_manifest(path, change):
    """The file again, its manifest edited by change(content)."""
    members = members_of(path)
    content = json.loads(members["meta.json"])
    change(content)
    members["meta.json"] = json.dumps(content).encode()
    write_zip(path, members.items())


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["arrays"][0].update(shape=[3, 2]),
        lambda c: c["arrays"][0].update(shape=[1 << 40, 1 << 40]),
        lambda c: c["arrays"][0].update(dtype="<f8"),
        lambda c: c["arrays"][0].update(dtype="|O"),
        lambda c: c["arrays"][0].update(sha256="0" * 64),
        lambda c: c["arrays"][0].update(name="V"),
        lambda c: c["arrays"][0].pop("sha256"),
        lambda c: c["arrays"].pop(),
        lambda c: c["arrays"].append(c["arrays"][0]),
        lambda c: c.update(arrays=None),
        lambda c: c.update(arrays=[3]),
        lambda c: c.update(format=2),
        lambda c: c.pop("format"),
        lambda c: c.pop("meta"),
    ],
)
def test_an_edited_manifest_is_refused(small, change):
    with_manifest(small[0], change)
    refused(small[0])


@pytest.mark.parametrize("content", [b"[]", b"{", b"3", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}'])
def test_a_meta_member_of_another_form_is_refused(small, content):
    members = members_of(small[0]) | {"meta.json": content}
    write_zip(small[0], members.items())
    refused(small[0])


def one_array(path, member, shape, dtype, sha256="0" * 64):
    """A file that holds one array member of any bytes, with a manifest that fits it."""
    entry = {"name": "W", "shape": shape, "dtype": dtype, "sha256": sha256}
    content = {"format": 1, "arrays": [entry], "meta": {}}
    write_zip(path, [("meta.json", json.dumps(content).encode()), ("W.npy", member)])


def header(text):
    text = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize("shape", [[1 << 40], [1 << 31, 1 << 31], [1 << 62, 4], [-2], [-1, -8], [0, -3], [10**30]])
def test_a_huge_or_negative_claimed_shape_is_refused_without_allocating(path, shape):
    claimed = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({', '.join(map(str, shape))},), }}"
    one_array(path, header(claimed) + bytes(32), shape, "<f4")
    refused(path)


def test_more_or_fewer_bytes_than_the_shape_needs_are_refused(path):
    good = npy(np.arange(4.0))
    for member in (good + b"\0" * 8, good[:-8], good[:-1]):
        one_array(path, member, [4], "<f8", common.checkpoint._sha256(np.arange(4.0)))
        refused(path, "as many bytes as its shape needs")
    one_array(path, good, [4], "<f8", common.checkpoint._sha256(np.arange(4.0)))
    assert load_arrays(path)["W"].tolist() == [0, 1, 2, 3]


class _Evil:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


def test_object_arrays_and_pickles_are_refused_and_never_run(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    one_array(path, npy(np.array([_Evil(), None], dtype=object), allow_pickle=True), [2], "|O")
    refused(path)
    claimed = "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }"
    one_array(path, header(claimed) + bytes(8), [1], "|V8")
    refused(path)
    path.write_bytes(npy(np.array([_Evil()], dtype=object), allow_pickle=True))
    refused(path)
    assert os.listdir(path.parent) == ["model.npz"]


def test_an_npy_header_that_is_no_literal_is_refused_and_never_run(path):
    for evil in ("__import__('os').mkdir('hacked')", "{'descr': '<f4'}", "[]", "{" * 500):
        one_array(path, header(evil[:117]), [1], "<f4")
        refused(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numbers_that_are_not_finite_are_refused(path, bad, dtype):
    a = np.array([1, bad], dtype)
    one_array(path, npy(a), [2], a.dtype.str, common.checkpoint._sha256(a))
    refused(path, "array W: expected finite numbers")


# ---- interrupted writing


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=["disk_full", "ctrl_c"])
@pytest.mark.parametrize("moment", ["os.replace", "os.fsync", "os.chmod", "write_array", "writestr"])
def test_an_interrupted_write_leaves_the_old_file_whole_and_nothing_else(small, monkeypatch, moment, error):
    path, content = small

    def fail(*args, **kwargs):
        raise error

    owner, name = {
        "write_array": (np.lib.format, "write_array"),
        "writestr": (zipfile.ZipFile, "writestr"),
    }.get(moment, (os, moment.removeprefix("os.")))
    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(type(error)):
        save_arrays(path, {"W": np.ones(3)})
    monkeypatch.undo()
    assert path.read_bytes() == content and os.listdir(path.parent) == ["model.npz"]


@pytest.mark.parametrize(
    ("arrays", "meta", "error"),
    [
        ({"W": np.array([None])}, {}, ValueError),
        ({}, {"x": float("nan")}, ValueError),
        ({}, {"x": object()}, TypeError),
    ],
)
def test_contents_that_cannot_be_kept_leave_the_old_file(small, arrays, meta, error):
    path, content = small
    with pytest.raises(error):
        save_arrays(path, arrays, meta)
    assert path.read_bytes() == content and os.listdir(path.parent) == ["model.npz"]


def test_contents_are_synced_before_they_get_their_name(path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b))[1])
    save_arrays(path, {"W": np.ones(3)})
    assert done[:2] == ["fsync", "replace"]


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError):
        save_arrays(tmp_path / "none" / "model.npz", {})
