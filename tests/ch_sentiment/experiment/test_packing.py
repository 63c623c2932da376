"""Weights in 8 and 16 bits: how far off they are, that packing them again changes nothing, and what is refused."""

import numpy as np
import pytest

from ch_sentiment.experiment.packing import (
    SCALE,
    ids_of_keys,
    keys_of_ids,
    pack,
    packed_like,
    quantize_rows,
    unpack,
)
from common.ngrams import ngram_keys


def matrix(rows=50, columns=16, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-20, 20, (rows, 1))).astype(np.float32)


def unpacked(weights, dtype, V=100):
    packed = pack(weights, dtype, V)
    found = {name: np.full_like(w, 7) for name, w in weights.items()}
    unpack(packed, found, dtype, V)
    return packed, found


def test_int8_is_off_by_half_a_step_at_most():
    w = matrix()
    q, scale = quantize_rows(w)
    assert q.dtype == np.int8 and np.array_equal(np.abs(q).max(axis=1), np.full(50, 127))
    assert (np.abs(q * scale[:, None] - w) <= scale[:, None] / 2 * 1.00001).all()
    assert (scale <= np.abs(w).max(axis=1) / 127 * (1 + 2**-14)).all()


def test_int8_is_symmetric():
    q, scale = quantize_rows(matrix())
    mirrored, same = quantize_rows(-matrix())
    assert np.array_equal(mirrored, -q) and np.array_equal(same, scale)


def test_rows_of_zeros_stay_exactly_zero():
    w = matrix()
    w[[0, 7]] = 0
    w[8] = 1e-40  # too small for a scale
    found = unpacked({"embed.W": w}, "int8")[1]["embed.W"]
    assert not found[[0, 7, 8]].any() and found[9].any()


@pytest.mark.parametrize("dtype", ["int8", "float16"])
def test_what_was_packed_once_is_packed_to_the_same_bytes(dtype):
    weights = {"a": matrix() if dtype == "int8" else matrix().clip(-1e4, 1e4), "b": np.ones(5, np.float32)}
    first, found = unpacked(weights, dtype)
    second, again = unpacked(found, dtype)
    for name in first:
        assert first[name].dtype == second[name].dtype and np.array_equal(first[name], second[name])
    assert all(np.array_equal(found[name], again[name]) for name in found)


def test_what_is_kept_how():
    weights = {"wide": matrix(), "narrow": matrix(5, 3).clip(-9, 9), "b": matrix(1)[0], "n": np.arange(3)}
    packed = pack(weights, "int8", 100)
    assert {name: a.dtype.str for name, a in packed.items()} == {
        "wide": "|i1",
        "wide" + SCALE: "<f4",
        "narrow": "<f2",
        "b": "<f4",
        "n": "<i8",
    }
    like = packed_like(weights, "int8", 100, [])
    assert {name: (a.shape, a.dtype) for name, a in like.items()} == {n: (a.shape, a.dtype) for n, a in packed.items()}
    assert pack(weights, None, 100) is weights


@pytest.mark.parametrize("dtype", ["int8", "float16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(dtype, value):
    w = np.ones((3, 9), np.float32)
    w[1, 2] = value
    with pytest.raises(FloatingPointError, match="expected finite numbers"):
        pack({"embed.W": w}, dtype, 100)


def test_what_float16_cannot_hold_is_refused():
    with pytest.raises(ValueError, match=r"array W: expected numbers of at most 65,504, .* got 70000"):
        pack({"W": np.full((2, 9), -7e4, np.float32)}, "float16", 100)


@pytest.mark.parametrize("V, dtype", [(100, np.uint16), (1 << 16, np.uint16), ((1 << 16) + 1, np.uint32)])
def test_ngrams_are_kept_by_the_ids_of_their_words(V, dtype):
    xs = np.array([[1, 2, V - 1, V - 2, 5]])
    keys = np.unique(np.concatenate([run[0] for run in ngram_keys(xs, V, 3)]))
    ids = ids_of_keys(keys, V)
    assert ids.dtype == dtype and ids.shape == (7, 3)
    assert ids[0].tolist() == [0, 1, 2] and [2, V - 1, V - 2] in ids.tolist()
    assert np.array_equal(keys_of_ids("pairs", ids, V), keys)
    none = ids_of_keys(np.zeros(0, np.int64), V)
    assert len(none) == 0 and len(keys_of_ids("pairs", none, V)) == 0


@pytest.mark.parametrize("ids", [[[1, 100]], [[2, 3], [2, 3]], [[3, 2], [2, 3]]])
def test_ids_that_are_no_ngrams_in_order_are_refused(ids):
    with pytest.raises(ValueError, match="array pairs: expected n-grams of 100 words in order, got others"):
        keys_of_ids("pairs", np.array(ids, np.uint16), 100)
