"""How the file of a compact model keeps its weights: in 8 or 16 bits, and n-grams by the ids of their words.

    int8     w = q * scale, a scale for each row; q from -127 to 127: off by half a scale at most
    float16  rounded to 11 binary digits

A model that is loaded has float32 weights, and packing these again gives the same bytes.
"""

import numpy as np

from common.ngrams import check_ngrams

DTYPES = ("int8", "float16")
SCALE = ".scale"  # ends the name of the scales of an array in int8
LEAST_COLUMNS = 8  # of an array in int8: in a shorter row the scale takes as much as is saved
LEAST = 1e-36  # a row of which no element is larger becomes zeros
LARGEST = 65504  # of float16


def pack(weights, dtype, vocab_size):
    """The arrays of a net by name -> those of its file. dtype: of DTYPES, or None, which changes nothing.

    In int8 stand arrays of 8 columns or more, and in float16 all other matrices; vectors (biases) stay as they are, and
    so does what is no float. FloatingPointError for NaN and infinity, ValueError for what float16 cannot hold.
    """
    if dtype is None:
        return weights
    packed = {}
    for name, w in weights.items():
        form = form_of(name, w, dtype)
        if form in DTYPES and not np.isfinite(w).all():
            raise FloatingPointError(f"array {name}: expected finite numbers, got NaN or infinity")
        if form == "int8":
            packed[name], packed[name + SCALE] = quantize_rows(w)
        elif form == "float16":
            if np.abs(w).max(initial=0) > LARGEST:
                expected = f"expected numbers of at most {LARGEST:,}, the largest of float16"
                raise ValueError(f"array {name}: {expected}, got {np.abs(w).max():g}")
            packed[name] = w.astype(np.float16)
        else:
            packed[name] = ids_of_keys(w, vocab_size) if form == "ids" else w
    return packed


def unpack(packed, weights, dtype, vocab_size):
    """Fill the arrays of a net from those of its file. ValueError where they give no number, or no n-gram."""
    for name, w in weights.items() if dtype is not None else ():
        form = form_of(name, w, dtype)
        if form == "int8":
            with np.errstate(over="ignore"):
                np.multiply(packed[name], packed[name + SCALE][:, None], out=w)
            if not np.isfinite(w).all():
                raise ValueError(f"array {name}: expected scales of finite numbers, got one that is too large")
        else:
            w[...] = keys_of_ids(name, packed[name], vocab_size) if form == "ids" else packed[name]


def unpacked_manifest(manifest, dtype):
    """The manifest of a file as that of the net's own arrays would be, in names and dtypes of floats."""
    if dtype is None:
        return manifest
    return [{**entry, "dtype": "<f4"} for entry in manifest if not entry["name"].endswith(SCALE)]


def packed_like(weights, dtype, vocab_size, manifest):
    """What `pack` gives for arrays of these names and shapes, its numbers still to be filled; without dtype `weights`
    themselves. manifest: of the file, which says how many words the longest n-gram has.
    """
    if dtype is None:
        return weights
    packed, shapes = {}, {entry["name"]: entry["shape"] for entry in manifest}
    for name, w in weights.items():
        form = form_of(name, w, dtype)
        if form == "int8":
            packed[name], packed[name + SCALE] = np.empty(w.shape, np.int8), np.empty(len(w), np.float32)
        elif form == "ids":
            rows, columns = shape if len(shape := shapes.get(name, [])) == 2 else (0, 0)
            packed[name] = np.empty((len(w), columns if rows == len(w) else 0), id_dtype(vocab_size))
        else:
            packed[name] = np.empty(w.shape, np.float16 if form == "float16" else w.dtype)
    return packed


def form_of(name, w, dtype):
    """How an array is kept: "int8", "float16", "ids" (of n-grams) or "plain"."""
    if name.rpartition(".")[2] == "pairs" and w.dtype == np.int64:
        return "ids"
    if w.ndim < 2 or w.dtype.kind != "f":
        return "plain"
    return "int8" if dtype == "int8" and w.ndim == 2 and w.shape[1] >= LEAST_COLUMNS else "float16"


def quantize_rows(w):
    """(R, K) float32 -> q (R, K) int8 and scale (R,) float32 with w = q * scale up to scale / 2.

    The largest element of a row is 127 scales. A scale has at most 16 binary digits, so that q * scale is exact, and
    what was rounded once stays as it is.
    """
    largest = np.abs(w).max(axis=1, initial=0)  # (R, K) -> (R,)
    largest[largest < LEAST] = 0
    bits = (largest / np.float32(127)).astype(np.float32).view(np.uint32)
    scale = ((bits + np.uint32(0xFF)) & ~np.uint32(0xFF)).view(np.float32)  # rounded up
    q = np.rint(w / np.where(scale == 0, np.float32(np.inf), scale)[:, None])
    return q.astype(np.int8), scale


def id_dtype(vocab_size):
    return np.uint16 if vocab_size <= 1 << 16 else np.uint32


def ids_of_keys(keys, vocab_size):
    """(P,) keys of n-grams (`common.ngrams`) -> (P, n) ids of their words, 0 before those of one that is shorter than n
    words.
    """
    columns, rest = [np.zeros((len(keys), 0), np.int64)], keys
    while rest.any():
        columns.insert(1, rest[:, None] % vocab_size)
        rest = rest // vocab_size
    return np.concatenate(columns, axis=1).astype(id_dtype(vocab_size))


def keys_of_ids(name, ids, vocab_size):
    """(P, n) ids -> (P,) sorted keys. ValueError where these are none."""
    check_ngrams(vocab_size, ids.shape[1])
    keys = np.zeros(len(ids), np.int64)
    for column in ids.T:
        keys = keys * vocab_size + column
    # The key of a single word, or of none, is below those of all n-grams.
    if (ids >= vocab_size).any() or (keys < vocab_size).any() or (np.diff(keys) <= 0).any():
        raise ValueError(f"array {name}: expected n-grams of {vocab_size:,} words in order, got others")
    return keys
