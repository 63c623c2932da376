"""Only what was written, to the bit, by this user, under this name and key is read; anything else is not there."""

import hashlib
import os
import stat
import struct
import tracemalloc

import numpy as np
import pytest

from dataset.store import array_cache
from dataset.store.fetch import derived_folder

FORM = {"a": np.int64, "b": np.uint8}
ARRAYS = {"a": np.arange(4), "b": np.arange(5, dtype=np.uint8)}
on_unix = pytest.mark.skipif(os.name == "nt", reason="owners and modes of Unix")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="the administrator alone can")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path / "data"))
    return derived_folder()


def load(name="x", key="key", form=FORM, most=10**6):
    return array_cache.load(name, key, form, most)


def save(name="x", key="key"):
    array_cache.save(name, key, ARRAYS)
    return derived_folder() / name


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_was_saved_is_loaded_and_may_be_written_to():
    save()
    loaded = load()
    assert list(loaded) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype and (loaded[name] == array).all() and loaded[name].flags.writeable
    array_cache.save("empty", "key", {"a": np.zeros(0, np.int64), "b": np.zeros(0, np.uint8)})
    assert [len(array) for array in load("empty").values()] == [0, 0]


def test_another_name_key_form_or_size_is_not_there():
    file = save()
    size = file.stat().st_size
    save("y", "other")
    assert load(key="other") is None and load("z") is None and load("y") is None
    assert load(most=size) and load(most=size - 1) is None
    for form in (
        {},
        {"a": np.int64},
        {"b": np.uint8, "a": np.int64},
        {"a": np.int64, "c": np.uint8},
        {"a": "M8[s]", "b": np.uint8},
        {"a": np.uint64, "b": np.int8},
        {"a": ">i8", "b": np.uint8},
        {**FORM, "c": np.uint8},
    ):
        assert load(form=form) is None
    os.replace(derived_folder() / "y", file)
    assert load() is None and load(key="other")


def test_a_file_that_claims_more_than_it_holds_takes_no_memory():
    file = save()
    for counts in ((1 << 37, 5), (4, 1 << 37), ((1 << 64) - 1, (1 << 64) - 1), (1 << 61, 5)):
        head = struct.pack("<2Q", *counts)
        seal = hashlib.sha256(f"{array_cache._LAYOUT}\nkey\na <i8 b |u1\n".encode() + head).digest()
        file.write_bytes(seal + head + bytes(37))
        tracemalloc.start()
        found = load(most=1 << 62)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found is None and peak < 50_000


@pytest.mark.parametrize("array", [np.array([print, None], dtype=object), np.zeros((4, 2), int), np.zeros(2, "U3")])
def test_an_array_of_another_kind_is_no_error_and_nothing_is_executed(array):
    array_cache.save("x", "key", {"a": array, "b": ARRAYS["b"]})
    assert load() is None


def test_the_files_of_older_versions_go():
    save()
    (derived_folder() / "imdb-0123.npz").write_bytes(b"PK")
    save("y")
    assert sorted(os.listdir(derived_folder())) == ["x", "y"]


def test_an_odd_thing_among_the_files_stays_in_nobody_s_way():
    save("t-0")
    (derived_folder() / "t-folder").mkdir()
    (derived_folder() / "t-link").symlink_to("t-link")
    for number in range(5):
        array_cache.save(f"t-{number}", "key", ARRAYS, max_files=2)
    assert sorted(os.listdir(derived_folder())) == ["t-3", "t-4", "t-folder"]


@on_unix
@pytest.mark.parametrize("before", [0o755, 0o777, 0o1777, 0o770])
def test_a_folder_of_this_user_s_becomes_private(folder, before):
    folder.mkdir(parents=True)
    folder.chmod(before)
    save()
    assert mode(folder) & 0o777 == 0o700 and mode(folder / "x") == 0o600 and load()
    folder.chmod(before)
    assert load() and mode(folder) & 0o777 == 0o700


@on_unix
def test_a_new_folder_is_private_and_the_one_above_it_is_not(folder):
    os.umask(before := os.umask(0o022))
    save()
    assert mode(folder) == 0o700 and mode(folder.parent) == 0o777 & ~before


@on_unix
def test_a_file_that_others_may_write_is_not_read_and_is_replaced():
    for changed in (0o666, 0o620, 0o602):
        save().chmod(changed)
        assert load() is None
        assert mode(save()) == 0o600 and load()


@on_unix
@as_root
def test_nothing_of_another_user_is_read_or_changed(folder):
    os.chown(save(), 12_345, 12_345)
    assert load() is None
    save()
    assert load() and (folder / "x").stat().st_uid == 0
    os.chown(folder, 12_345, 12_345)
    folder.chmod(0o777)
    assert load() is None
    save("y")
    assert os.listdir(folder) == ["x"] and mode(folder) == 0o777


@on_unix
def test_a_link_in_the_place_of_the_folder_is_not_followed(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(0o755)
    (elsewhere / "old.npz").touch()
    folder.parent.mkdir()
    folder.symlink_to(elsewhere)
    save()
    assert load() is None and os.listdir(elsewhere) == ["old.npz"] and mode(elsewhere) == 0o755
