"""How the file of a compact model keeps its weights: in 8 or 16 bits, and n-grams by the ids of their words.

    int8     w = q * scale, a scale for each row; q from -127 to 127: off by half a scale at most
    float16  rounded to 11 binary digits

A model that is loaded has float32 weights, and packing these again gives the same bytes.
"""

import numpy as np

from common.files.checkpoint import Place
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
    """Fill the arrays of a net from those of its file. ValueError where these are not those of a net."""
    if dtype is None:
        return
    places = packed_like(weights, dtype, vocab_size, [{"name": name, "shape": a.shape} for name, a in packed.items()])
    for name, a in packed.items():
        if isinstance(places[name], Place):
            places[name].write(0, a)
        else:
            places[name][...] = a
    finish(places)


def packed_like(weights, dtype, vocab_size, manifest, fill=True):
    """What `pack` gives for arrays of these names and shapes, to be read: arrays, and `Place`s that fill those of the
    net; without dtype `weights` themselves. At the end, `finish`.

    manifest: of the file, which says how many words the longest n-gram has. fill: else the weights stay as they are,
    and what is read is only checked: it takes a quarter of their memory.
    """
    if dtype is None:
        return weights
    places, shapes = {}, {entry["name"]: entry["shape"] for entry in manifest}
    for name, w in weights.items():
        form, to = form_of(name, w, dtype), w if fill else None
        if form == "int8":
            places[name], places[name + SCALE] = _Rows(w.shape, np.int8, to), _Scales(w.shape[:1], np.float32)
        elif form == "float16":
            places[name] = _Rows(w.shape, np.float16, to)
        elif form == "ids":
            rows, columns = shape if len(shape := shapes.get(name, [])) == 2 else (0, 0)
            places[name] = _Keys((len(w), columns if rows == len(w) else 0), vocab_size, to)
        else:
            places[name] = w if fill else Place(w.shape, w.dtype)
    return places


def finish(places):
    """ValueError where what was read gives no numbers, or no n-grams; else the weights in int8 get their scales."""
    for name, place in places.items():
        if isinstance(place, _Keys) and not place.sound:
            raise ValueError(f"array {name}: expected n-grams of {place.V:,} words in order, got others")
        if name + SCALE in places:
            place.scale(name, places[name + SCALE].scale)


class _Rows(Place):
    """Rows in 8 or 16 bits that become those of w, in float32; None: of nothing."""

    def __init__(self, shape, dtype, w):
        super().__init__(shape, dtype)
        self.w, self.largest = w, None

    def write(self, start, rows):
        place = slice(start, start + len(rows))
        if self.w is not None:
            self.w[place] = rows
        if self.dtype == np.int8:
            self.largest = np.zeros(self.shape[0], np.int16) if self.largest is None else self.largest
            np.maximum(rows.max(axis=1), -rows.min(axis=1).astype(np.int16), out=self.largest[place])

    def scale(self, name, scale):
        if self.largest is None:  # no rows
            return
        with np.errstate(over="ignore"):
            if not np.isfinite(self.largest * scale).all():
                raise ValueError(f"array {name}: expected scales of finite numbers, got one that is too large")
        if self.w is not None:
            self.w *= scale[:, None]


class _Scales(Place):
    """The scales of rows, which are kept, once some have come."""

    scale = None

    def write(self, start, rows):
        self.scale = np.empty(self.shape, self.dtype) if self.scale is None else self.scale
        self.scale[start : start + len(rows)] = rows


class _Keys(Place):
    """Ids of n-grams that become their keys; None: that are only checked."""

    def __init__(self, shape, vocab_size, keys):
        super().__init__(shape, id_dtype(vocab_size))
        check_ngrams(vocab_size, shape[1])
        self.V, self.keys, self.sound, self.last = vocab_size, keys, True, 0

    def write(self, start, ids):
        if len(ids) == 0:
            return
        keys = np.zeros(len(ids), np.int64)
        for column in ids.T:
            keys *= self.V
            keys += column
        # The key of a single word, or of none, is below those of all n-grams.
        words = (ids < self.V).all() and (keys >= self.V).all()
        self.sound &= bool(words and (np.diff(keys, prepend=self.last) > 0).all())
        self.last = keys[-1]
        if self.keys is not None:
            self.keys[start : start + len(ids)] = keys


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
    keys = np.zeros(len(ids), np.int64)
    place = _Keys(ids.shape, vocab_size, keys)
    place.write(0, ids)
    finish({name: place})
    return keys
