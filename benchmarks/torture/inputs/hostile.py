"""Hostile values, made of a well-formed one, for each kind of argument."""

import collections
import sys
from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True)
class Hostile:
    """A name, the value, and whether it says the same as the good one."""

    name: str
    value: object
    same: bool = False


class Convertible:
    """An object that becomes an array only where NumPy asks for one, as a tensor of PyTorch does."""

    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return self.a if dtype is None else self.a.astype(dtype)


class Tensor(Convertible):
    """One that will not be one: with a gradient, or in a format that NumPy does not know."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse tensor.detach().numpy() instead.")


def of_any_array(good):
    """In the place of an array, whatever is in it."""
    masked = np.ma.masked_array(good, np.arange(good.size).reshape(good.shape) == 0)
    yield Hostile("masked array", masked)
    yield Hostile("masked array without a masked element", np.ma.masked_array(good))
    yield Hostile("list of masked arrays", list(masked) if good.ndim > 1 else [masked])
    yield Hostile("list", good.tolist(), same=True)
    yield Hostile("tuple", tuple(good.tolist()), same=True)
    yield Hostile("deque", collections.deque(good.tolist()), same=True)
    if good.ndim < 3:
        yield Hostile("matrix", good.view(np.matrix), same=good.ndim == 2)
    yield Hostile("view", np.repeat(good, 2, axis=0)[::2], same=True)
    yield Hostile("read-only", np.broadcast_to(good, good.shape), same=True)
    yield Hostile("other byte order", good.astype(good.dtype.newbyteorder()), same=True)
    yield Hostile("objects", good.astype(object), same=True)
    yield Hostile("convertible", Convertible(good), same=True)
    yield Hostile("not convertible", Tensor(good))
    yield Hostile("structured", np.zeros(good.shape, [("a", good.dtype)]))
    yield Hostile("strings", good.astype(str))
    yield Hostile("complex", good.astype(complex) + 1j)
    yield Hostile("datetimes", np.zeros(good.shape, "datetime64[s]"))
    yield Hostile("spans of time", np.ones(good.shape, "timedelta64[s]"))
    yield Hostile("ragged", [good.tolist(), good.reshape(-1)[:1].tolist(), [[1]]])
    yield Hostile("one axis more", good[..., None, None])
    yield Hostile("no axes", np.array(1, good.dtype))
    yield Hostile("no rows", good[:0])
    if memory := good.flags.c_contiguous and memoryview(good.copy()):
        yield Hostile("memoryview", memory, same=True)
    for value in (
        iter(good.tolist()),
        (row for row in good),
        set(good.reshape(-1).tolist()),
        {0: good},
        {0: 1}.values(),
    ):
        yield Hostile(type(value).__name__, value)
    for value in ("abc", b"abc", None, object(), type, lambda: good, float("nan"), Ellipsis):
        yield Hostile(repr(value)[:30], value)
    if "pandas" in sys.modules and good.ndim == 1:
        yield from of_pandas(good)


def of_pandas(good):
    pandas = sys.modules["pandas"]
    yield Hostile("Series", pandas.Series(good, index=range(len(good), 0, -1)), same=True)
    nullable = pandas.array(good.tolist())
    yield Hostile("nullable", nullable, same=True)
    yield Hostile("nullable with NA", pandas.Series([pandas.NA, *good.tolist()[1:]], dtype=nullable.dtype))
    yield Hostile("Categorical", pandas.Categorical(good), same=True)


def of_ids(good, upper):
    """In the place of ids (...) below `upper`."""
    yield from of_any_array(good)
    for dtype in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.uint64):
        yield Hostile(np.dtype(dtype).name, good.astype(dtype), same=True)
    yield Hostile("floats", good.astype(float))
    yield Hostile("halves", good + 0.5)
    yield Hostile("bools", good.astype(bool))
    extremes = (-1, -(2**31), -(2**63), upper, 2**31, 2**32, 2**32 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**70)
    for worst in (value for value in extremes if not 0 <= value < upper):
        wide = good.astype(object)
        wide[(0,) * good.ndim] = worst
        yield Hostile(f"list with {worst}", wide.tolist())
        if worst < 2**64:
            yield Hostile(f"array with {worst}", wide.astype(np.int64 if worst < 2**63 else np.uint64))


def of_floats(good):
    """In the place of floats; NaN, as which a missing value counts, is one."""
    yield from (hostile for hostile in of_any_array(good) if hostile.name != "nullable with NA")
    for dtype in (np.float16, np.float64, np.longdouble):
        if (good.astype(dtype) == good).all():
            yield Hostile(np.dtype(dtype).name, good.astype(dtype), same=True)
    huge = good.astype(np.float64)
    huge[(0,) * good.ndim] = 1e300
    if good.dtype == np.float32:
        yield Hostile("1e300", huge)


def of_labels(good, classes):
    """In the place of class ids: floats that are whole may be taken, of one logit soft labels, too."""
    for hostile in of_ids(good, classes):
        if hostile.name == "floats":
            yield Hostile(hostile.name, hostile.value, same=True)
        elif not (classes == 2 and hostile.name == "bools"):
            yield hostile
    for worst in (np.nan, np.inf, 0.5, 1.5):
        yield Hostile(f"all of {worst}", np.full(good.shape, worst))


def of_binary(good):
    """In the place of ids 0 and 1, or bools."""
    for hostile in of_ids(good, 2):
        yield Hostile(hostile.name, hostile.value, same=True) if hostile.name == "bools" else hostile


def of_tags(good, classes):
    """In the place of a label for each step; -1 is the label of a step that does not count."""
    return (hostile for hostile in of_ids(good, classes) if not hostile.name.endswith(" -1"))


def of_negatives(good, upper):
    """In the place of ids, or None."""
    return (hostile for hostile in of_ids(good, upper) if hostile.value is not None)


def of_texts(good, upper):
    """In the place of ids (N, T), or a list of arrays, which tells axes by itself."""
    yield from of_ids(good, upper)
    yield Hostile("list of arrays", list(good), same=True)
    yield Hostile("list of uint64", list(good.astype(np.uint64)), same=True)
    for worst in (2**32 + 1, 2**63 + 1, -1):
        rows = [row.astype(np.uint64 if worst > 0 else np.int64) for row in good]
        rows[1][0] = worst
        yield Hostile(f"list of arrays with {worst}", rows)


def of_vectors(good):
    """In the place of floats, or None."""
    return (hostile for hostile in of_floats(good) if hostile.value is not None)


def of_weight(good):
    """In the place of what each of N examples counts, or None."""
    yield from of_vectors(good)
    for worst in (-1, np.nan, np.inf, -np.inf):
        bad = good.copy()
        bad[0] = worst
        yield Hostile(f"one of {worst}", bad)


def of_mask(good):
    """In the place of a mask."""
    yield from (hostile for hostile in of_any_array(good) if hostile.value is not None)
    yield Hostile("integers", good.astype(int))


def of_params(good):
    """In the place of a layer's or an optimizer's weights, which are never copied."""
    for hostile in of_any_array(good):
        if hostile.name not in ("view", "read-only", "other byte order"):
            yield Hostile(hostile.name, hostile.value)
    yield Hostile("integers", np.ones(good.shape, int))


def of_number(good):
    """In the place of a whole number; of a float with whole=False."""
    whole = isinstance(good, int)
    for kind in (np.int8, np.uint64, np.array) if whole else (np.float64, np.array):
        yield Hostile(f"{kind.__name__}", kind(good), same=True)
    for value in (
        True,
        np.True_,
        str(good),
        None,
        [good],
        np.array([good]),
        np.nan,
        np.inf,
        -np.inf,
        1j,
        Fraction(1, 2),
    ):
        yield Hostile(repr(value), value)
    more = (float(good), good + 0.5, np.float64(good), -1) if whole else (-1.0,)
    for value in (
        *more,
        np.ma.masked,
        np.ma.masked_array(good, True),
        np.timedelta64(3, "s"),
        np.datetime64("2020-01-01"),
    ):
        yield Hostile(repr(value).split("\n")[0], value)
    for value in (object(), iter([good]), b"1", {}, lambda: good, int):
        yield Hostile(f"a {type(value).__name__}", value)


def of_count(good):
    """In the place of a whole number, or None."""
    return (hostile for hostile in of_number(good) if hostile.value is not None)


def of_limit(good):
    """In the place of a number above 0, infinity or None."""
    found = (hostile for hostile in of_number(good) if hostile.value is not None and hostile.name != "inf")
    return [*found, Hostile("0", 0)]


KINDS = {"ids": of_ids, "floats": of_floats, "weight": of_weight, "mask": of_mask, "params": of_params}
KINDS |= {
    "binary": of_binary,
    "labels": of_labels,
    "tags": of_tags,
    "texts": of_texts,
    "negatives": of_negatives,
    "vectors": of_vectors,
}
KINDS |= {"number": of_number, "count": of_count, "limit": of_limit, "ratio": of_number}
