"""One file, whole or not at all, and every defect of it one CheckpointError that names the file."""

import hashlib
import io
import json
import os
import pickle
import re
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, floating_dtypes, integer_dtypes

import common
import common.files.checkpoint
import common.files.meta_json
from benchmarks.torture import faults, hostile, mutants
from benchmarks.torture.forge import Parts, small_model
from common.files.checkpoint import CheckpointError, load_arrays, load_checkpoint, save_arrays
from common.files.stored_zip import npy_head

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "checkpoint.md").read_text(encoding="utf-8")
W = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.fixture
def small(path):
    """A small file and its bytes."""
    save_arrays(path, {"W": W, "b": np.arange(2)}, {"words": ["é", "x"]})
    return path, path.read_bytes()


def refused(path, match=None):
    with pytest.raises(CheckpointError, match=match) as caught:
        load_checkpoint(path)
    assert str(caught.value).startswith(f"{path}: ") and str(caught.value).isprintable()
    return str(caught.value)


# ---- round trip


def test_every_dtype_shape_and_order_is_loaded_as_saved(path):
    rng = np.random.default_rng(0)
    arrays = {
        **{f"float{bits}": rng.standard_normal((2, 3)).astype(f"f{bits // 8}") for bits in (16, 32, 64)},
        **{f"ints {kind}": np.arange(5).astype(kind) for kind in ("i1", "u1", "i4", "u8")},
        "big endian": np.arange(4, dtype=">f4"),
        "scalar": np.array(3.5),
        "number": np.float32(2.5),
        "empty": np.zeros((0, 4), np.float32),
        "fortran": np.asfortranarray(rng.standard_normal((3, 4))),
        "strided": np.arange(20.0)[::3],
        "a_é.W": np.ones((1, 1, 1, 2)),
    }
    meta = {"words": ["日本", "<pad>", '"'], "n": 3, "deep": [{"x": None}, 1.5, True]}
    save_arrays(path, arrays, meta)
    got, got_meta = load_checkpoint(path)
    assert list(got) == list(arrays) and got_meta == meta
    for name, a in arrays.items():
        assert got[name].shape == np.shape(a), name
        assert got[name].dtype == a.dtype.newbyteorder("<") and np.array_equal(got[name], a), name
        assert got[name].flags.writeable and got[name].flags.c_contiguous
    assert all(np.array_equal(a, b) for a, b in zip(load_arrays(path).values(), got.values()))


def test_numpy_alone_reads_every_array_so_a_name_that_it_cannot_see_is_not_written(path):
    save_arrays(path, {"x": W, "x.npy.W": W + 1})
    with np.load(path) as loaded:
        assert np.array_equal(loaded["x"], W) and np.array_equal(loaded["x.npy.W"], W + 1)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"^array x\.npy: expected a name that does not end in \.npy"):
        save_arrays(path, {"x": W, "x.npy": W + 1})
    assert path.read_bytes() == before


def test_no_arrays_and_no_meta_are_loaded_as_saved(path):
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


def test_the_file_can_be_read_by_whom_the_umask_allows(path):
    mask = os.umask(0o027)
    try:
        save_arrays(path, {})
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o640


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
any_shape = array_shapes(min_dims=0, min_side=0)
any_floats = arrays(floating_dtypes(endianness="<"), any_shape, elements={"allow_nan": False, "allow_infinity": False})
any_integers = arrays(integer_dtypes(endianness="<"), any_shape)


@settings(max_examples=40)
@given(meta=anything, a=any_floats | any_integers, name=st.text("aé_.- 日0", min_size=1))
def test_whatever_json_and_numbers_are_saved_are_loaded(tmp_path_factory, meta, a, name):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    save_arrays(path, {name: a}, meta)
    got, got_meta = load_checkpoint(path)
    assert got_meta == ({} if meta is None else meta) and list(got) == [name]
    assert (got[name].shape, got[name].dtype, got[name].tobytes()) == (a.shape, a.dtype, a.tobytes())


def test_the_version_of_the_library_is_that_of_setup(small):
    assert json.loads(Parts.of(small[1]).raw)["library"] == common.__version__
    assert f'version="{common.__version__}"' in (ROOT / "setup.py").read_text(encoding="utf-8")


def test_the_reader_of_the_page_reads_what_is_saved_and_refuses_damage(small):
    path, content = small
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    assert len(code.strip().splitlines()) <= 40
    page = {}
    exec(compile(code, "docs/checkpoint.md", "exec"), page)  # noqa: S102
    wanted, got = load_checkpoint(path), page["read_checkpoint"](path)
    assert got[1] == wanted[1] and list(got[0]) == list(wanted[0])
    assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(got[0].values(), wanted[0].values()))
    assert "import common" not in code and "from common" not in code
    start = content.index(W.tobytes())
    for place in (start, content.index(b"words"), len(content) - 1):
        path.write_bytes(content[:place] + b"#" + content[place + 1 :])
        with pytest.raises((ValueError, zipfile.BadZipFile)):
            page["read_checkpoint"](path)


def test_the_page_states_limits_and_keys_as_they_are(path):
    limits = common.files.meta_json
    assert " ".join(limits.DTYPES) in PAGE and f"at most {limits.MOST_ARRAYS:,} objects" in PAGE
    assert f"At most {limits.MOST_DEEP} lists and objects" in PAGE and f"at most {limits.MOST_DIGITS:,} digits" in PAGE
    for key in Parts.of(small_model(path)).content["meta"]:
        assert f"`{key}`" in PAGE


# ---- reading into arrays that are there


def test_arrays_are_read_into_their_places_once_the_rest_is_checked(small):
    places = {"b": np.zeros(2, np.int64), "W": np.zeros((2, 3), np.float32)}
    seen = []
    got, _ = load_checkpoint(small[0], lambda content: seen.append((content, places["W"].copy())) or places)
    assert got["W"] is places["W"] and np.array_equal(places["W"], W) and places["b"].tolist() == [0, 1]
    ((content, before),) = seen
    assert not before.any() and content["meta"] == {"words": ["é", "x"]} and content["format"] == 2
    assert [(entry["name"], entry["shape"]) for entry in content["arrays"]] == [("W", [2, 3]), ("b", [2])]


@pytest.mark.parametrize(
    "places",
    [
        {},
        {"W": np.zeros((2, 3), np.float32)},
        {"W": np.zeros((2, 3), np.float32), "b": np.zeros(2, np.int64), "c": np.zeros(2)},
        {"W": np.zeros((3, 2), np.float32), "b": np.zeros(2, np.int64)},
        {"W": np.zeros((2, 3)), "b": np.zeros(2, np.int64)},
        {"W": np.zeros((3, 2), np.float32).T, "b": np.zeros(2, np.int64)},
    ],
    ids=["none", "fewer", "more", "shape", "dtype", "order"],
)
def test_places_that_do_not_fit_are_refused_before_anything_is_read(small, places):
    with pytest.raises(CheckpointError, match=r"model\.npz: array \w: expected "):
        load_checkpoint(small[0], lambda content: places)
    assert not any(a.any() for a in places.values())


def test_who_looks_at_the_content_may_refuse_it(small):
    def into(content):
        raise ValueError("expected another")

    with pytest.raises(CheckpointError, match=r"model\.npz: expected another$"):
        load_checkpoint(small[0], into)


# ---- damage


def test_every_truncation_and_whatever_is_appended_is_refused(small):
    path, content = small
    with open(path, "r+b") as file:
        for end in reversed(range(len(content))):
            file.truncate(end)
            # before anything of it is believed
            refused(path, "of the size that its end says" if end >= 4 else "a file of another kind")
    for more in (b"\0", b"PK\x05\x06" + bytes(18), content):
        path.write_bytes(content + more)
        refused(path)


def test_every_changed_byte_is_refused(small):
    path, content = small
    with open(path, "r+b", buffering=0) as file:
        for place in range(len(content)):
            for flip in (0x01, 0x80, 0xFF) if place % 7 else (0x10, 0x20, 0x55):
                file.seek(place)
                file.write(bytes([content[place] ^ flip]))
                refused(path)
            file.seek(place)
            file.write(content[place : place + 1])
    assert np.array_equal(load_arrays(path)["W"], W)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + bytes(18), b"\x80\x04N."])
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    refused(path)


def test_missing_files_folders_and_devices_are_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "none.npz")
    refused(tmp_path, "a folder, a pipe or a device")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")  # which would keep whoever opens it waiting
        refused(tmp_path / "pipe", "a folder, a pipe or a device")


def test_an_npz_of_numpys_own_and_one_of_format_1_are_refused(path):
    np.savez(path, W=np.ones(3))
    refused(path, "expected a checkpoint")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("meta.json", json.dumps({"format": 1, "arrays": [], "meta": {}}))
    refused(path, "expected a checkpoint")


def test_mutants_are_refused_or_the_same():
    figures = mutants.run(1, print, mutants=23 * 30, seed=7)
    assert figures["mutants"] == 23 * 30 and figures["refused"] > 500 and figures["forged, and a valid model"] > 0


# ---- attacks: every checksum fits


def test_hostile_files_are_refused():
    assert len(hostile.refusals()) == 40


def forged(path, content, change):
    """The file again with another meta.json and every checksum mended."""
    parts = Parts.of(content)
    edited = parts.content
    change(edited)
    path.write_bytes(parts.assemble(raw=json.dumps(edited).encode()))


def test_a_forger_who_changes_nothing_is_believed(small):
    path, content = small
    forged(path, content, lambda c: None)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c["arrays"][0].update(shape=[3, 2]), "W: expected the header of <f4 of shape"),
        (lambda c: c["arrays"][0].update(shape=[6]), "W: expected the header of"),
        (lambda c: c["arrays"][0].update(dtype="<i4"), "W: expected the header of"),
        (lambda c: c["arrays"][0].update(shape=[1 << 40, 1 << 40]), "W: expected a shape that the file has room for"),
        (lambda c: c["arrays"][0].update(shape=[0, 1 << 62]), "W: expected a shape that the file has room for"),
        (lambda c: c["arrays"][0].update(shape=[-2, -3]), "W: expected a shape, got"),
        (lambda c: c["arrays"][0].update(shape=[2.0, 3]), "W: expected a shape, got"),
        (lambda c: c["arrays"][0].update(shape=[2, 3, True]), "W: expected a shape, got"),
        (lambda c: c["arrays"][0].update(shape=[2, 3] + 31 * [1]), "W: expected a shape, got"),
        (lambda c: c["arrays"][0].update(shape={"a": 1}), "W: expected a shape, got"),
        (lambda c: c["arrays"][0].update(dtype="<f8"), "bytes, as its manifest says"),
        (lambda c: c["arrays"][0].update(dtype="|O"), "W: expected a dtype of"),
        (lambda c: c["arrays"][0].update(dtype=">f4"), "W: expected a dtype of"),
        (lambda c: c["arrays"][0].update(dtype=["<f4"]), "W: expected a dtype of"),
        (lambda c: c["arrays"][0].update(sha256="0" * 64), "W: its checksum does not fit"),
        (lambda c: c["arrays"][0].update(sha256=None), "W: its checksum does not fit"),
        (lambda c: c["arrays"][0].update(name="V"), "V: expected the header of"),
        (lambda c: c["arrays"][0].update(name="../W"), "expected a name of"),
        (lambda c: c["arrays"][0].update(name="W\n"), "expected a name of"),
        (lambda c: c["arrays"][0].update(name="\ud800"), "expected a name of"),
        (lambda c: c["arrays"][0].update(name=""), "expected a name of"),
        (lambda c: c["arrays"][0].update(name=3), "expected a name of"),
        (lambda c: c["arrays"][0].update(name="b"), "each name once"),
        (lambda c: c["arrays"][0].pop("sha256"), "expected name, shape, dtype and sha256"),
        (lambda c: c["arrays"][0].update(more=1), "expected name, shape, dtype and sha256"),
        (lambda c: c["arrays"].reverse(), "expected the header of|does not fit"),
        (lambda c: c["arrays"].pop(), "bytes, as its manifest says"),
        (lambda c: c["arrays"].append(c["arrays"][0]), "each name once"),
        (lambda c: c["arrays"].extend(4096 * c["arrays"]), "at most 4,096 arrays"),
        (lambda c: c.update(arrays=None), "expected a list"),
        (lambda c: c.update(arrays=[3]), "expected name, shape"),
        (lambda c: c.update(format=3), "expected format 2, got 3"),
        (lambda c: c.pop("format"), "expected format 2, got None"),
        (lambda c: c.pop("meta"), "expected format, library, arrays and meta"),
        (lambda c: c.update(more=1), "expected format, library, arrays and meta"),
    ],
)
def test_a_forged_manifest_is_refused(small, change, match):
    forged(*small, change)
    refused(small[0], match)


@pytest.mark.parametrize(
    "raw", [b"[]", b"3", b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}', b'"format"', b'{"format": 2}']
)
def test_a_meta_member_of_another_form_is_refused(small, raw):
    small[0].write_bytes(Parts.of(small[1]).assemble(raw))
    refused(small[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"x"', b"NaN"),
        (b'"x"', b"Infinity"),
        (b'"x"', b"1e999"),
        (b'"x"', b"-0"),
        (b'"x"', b'"\\u0078"'),
        (b'"x"', b'"\xc3\xa9"'),
        (b'"x"', b"9" * 5000),
        (b'"x"', b"[" * 98 + b"]" * 98),  # with the three around them one too deep
        (b'"x"', b"[" * 2000 + b"]" * 2000),
        (b'"x"', b' "x"'),
        (b'"words"', b'"words": 1, "words"'),
    ],
)
def test_json_that_the_library_does_not_write_is_refused(small, old, new):
    parts = Parts.of(small[1])
    small[0].write_bytes(parts.assemble(parts.raw.replace(old, new)))
    refused(small[0])


@pytest.fixture
def no_limits_of_the_interpreter():
    """Python reads what it would refuse as too deep or too long."""
    recursion, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    sys.setrecursionlimit(20_000)
    sys.set_int_max_str_digits(0)
    yield
    sys.setrecursionlimit(recursion)
    sys.set_int_max_str_digits(digits)


@pytest.mark.parametrize("bad", [b"[" * 2000 + b"]" * 2000, b"9" * 5000, b"-" + b"9" * 1001, b"1." + b"0" * 1001])
def test_depth_and_length_are_counted_whatever_the_interpreter_would_take(small, no_limits_of_the_interpreter, bad):
    parts = Parts.of(small[1])
    small[0].write_bytes(parts.assemble(parts.raw.replace(b'"x"', bad)))
    refused(small[0], "expected (meta.json to be at most 100 deep|numbers of at most 1,000 digits)")


def nested(depth, inside=None):
    for _ in range(depth):
        inside = [inside] if depth % 2 else {"a": inside}
        depth -= 1
    return inside


def test_meta_of_the_greatest_depth_and_length_is_loaded_and_beyond_it_nothing_is_written(path):
    in_texts = ["[" * 500, "]}" * 500, '"' + "[" * 500 + "\\", "\\" * 3, "9" * 5000]
    meta = {"deep": nested(98), "long": [10**1000 - 1, -(10**1000) + 1], "texts": in_texts, '"[' * 200: 1}
    save_arrays(path, {}, meta)
    content = path.read_bytes()
    assert load_checkpoint(path)[1] == meta
    for beyond, match in ((nested(99), "100 deep"), (nested(100_000), "100 deep"), (10**1000, "1,000 digits")):
        with pytest.raises(ValueError, match=match):
            save_arrays(path, {}, {"deep": beyond})
    assert path.read_bytes() == content


def one_array(path, data, shape, dtype):
    """A file of one array W of any bytes, all checksums mended."""
    entry = {"name": "W", "shape": shape, "dtype": dtype, "sha256": hashlib.sha256(data).hexdigest()}
    raw = json.dumps({"format": 2, "library": "0", "arrays": [entry], "meta": {}}).encode()
    path.write_bytes(Parts(raw, {"W.npy": npy_head(shape, dtype) + data}, []).assemble())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numbers_that_are_not_finite_are_refused(path, bad, dtype):
    a = np.array([1, 2], dtype)
    one_array(path, a.tobytes(), [2], a.dtype.str)
    assert load_arrays(path)["W"].tolist() == [1, 2]
    a[1] = bad
    one_array(path, a.tobytes(), [2], a.dtype.str)
    refused(path, "array W: expected finite numbers")


class _Evil:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


def test_object_arrays_and_pickles_are_refused_and_never_run(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([_Evil(), None], dtype=object), allow_pickle=True)
    for dtype in ("|O", "<i8", "|V8"):
        one_array(path, file.getvalue(), [2], dtype)
        refused(path)
    path.write_bytes(pickle.dumps(_Evil()))
    refused(path)
    assert os.listdir(path.parent) == ["model.npz"]


# ---- memory


def peak(call):
    """Bytes at the peak of a call beyond what was there before it."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_load_takes_less_than_twice_the_size_of_the_file(path):
    words = [f"word{i}" for i in range(2000)]
    save_arrays(path, {"W": np.ones((2000, 100), np.float32), "V": np.ones((300, 300))}, {"words": words})
    assert peak(lambda: load_checkpoint(path)) < 2 * path.stat().st_size


def test_json_that_would_take_much_more_memory_than_its_bytes_is_refused_unread(path):
    raw = b'{"format": 2, "library": "0", "arrays": [], "meta": [' + b"[], " * 400_000 + b"[]]}"
    path.write_bytes(Parts(raw, {}, []).assemble())
    assert peak(lambda: refused(path, "takes little memory")) < 2 * path.stat().st_size
    with pytest.raises(ValueError, match="takes little memory"):  # nor is it written
        save_arrays(path, {}, [[]] * 400_000)


# ---- writing


def test_an_error_at_any_call_of_a_save_leaves_a_whole_file_alone():
    assert faults.run(0, print)["errors injected"] > 4 * 15


@pytest.mark.parametrize(
    ("arrays", "meta", "error"),
    [
        ({"W": np.array([None])}, {}, ValueError),
        ({"W": np.array([True])}, {}, ValueError),
        ({"W": np.array([1j])}, {}, ValueError),
        ({"W": np.array(["x"])}, {}, ValueError),
        ({"a/b": np.ones(2)}, {}, ValueError),
        ({"..\\b": np.ones(2)}, {}, ValueError),
        ({"": np.ones(2)}, {}, ValueError),
        ({"\ud800": np.ones(2)}, {}, ValueError),
        ({f"a{i}": np.ones(1) for i in range(4097)}, {}, ValueError),
        ({"W": np.array([1, np.nan])}, {}, FloatingPointError),
        ({"W": np.float32(np.inf)}, {}, FloatingPointError),
        ({}, {"x": float("nan")}, ValueError),
        ({}, {"x": {1: 2, "1": 3}}, ValueError),
        ({}, {"x": object()}, TypeError),
    ],
)
def test_contents_that_cannot_be_saved_leave_the_old_file(small, arrays, meta, error):
    path, content = small
    with pytest.raises(error):
        save_arrays(path, arrays, meta)
    assert path.read_bytes() == content and os.listdir(path.parent) == ["model.npz"]


@pytest.mark.parametrize("content", [b"", b"label\ttext\npos\tgood\n", b"\x89PNG\r\n\x1a\n" + bytes(900)])
def test_a_file_of_another_kind_is_called_so(tmp_path, content):
    path = tmp_path / "other.tsv"
    path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"other\.tsv: expected a checkpoint \(\.npz\), got a file of another kind$"
    ):
        load_checkpoint(path)
