"""The checks of the arrays that a layer is given: each refuses with a ValueError of one form.

"TimeLSTM: xs: expected floats of shape (N, T, 3), got float64 of shape (4, 5, 2)". In an expected shape a
number is that size, a letter any size, and a letter with a factor ("4H") a multiple of a letter already seen.
"""

import sys

import numpy as np

from common.arrays.global_random import GLOBAL


def as_array(owner, name, x):
    """x as a NumPy array, not copied where it is one; an array of the GPU unchanged.

    ValueError for what cannot be one, and for an array with a mask: NumPy would read what stands behind the mask.
    """
    if type(x) is np.ndarray or hasattr(x, "__cuda_array_interface__"):
        return x
    if is_masked(x):
        way_out = "x.filled(value) has one for each place, x.compressed() leaves the masked ones out"
        raise ValueError(f"{_called(owner)}: {name}: expected an array without a mask, got {described(x)} ({way_out})")
    try:
        return np.asarray(x)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:  # rows of several lengths; PyTorch's
        reason = " ".join(str(error).split())
        raise ValueError(f"{_called(owner)}: {name}: expected an array, got {described(x)}: {reason}") from None


def as_floats(layer, name, x, shape, dtype):
    """x as an array of `dtype` (no copy where it is one already); ValueError if it is not numbers of `shape`, or too
    large for `dtype`.

    `...`, first of all in `shape`, stands for any axes; shape None: for all.
    """
    if type(x) is np.ndarray and x.dtype is dtype and (shape is None or _fits(x.shape, shape)):
        return x  # nearly every call, and a small layer's forward takes a few microseconds
    x = as_array(layer, name, x)
    shape = x.shape if shape is None else shape
    if x.dtype.kind not in "fiub" or not _fits(x.shape, shape):
        shape = (*x.shape[:-1], *shape[1:]) if shape[:1] == (...,) else shape
        _refuse(layer, name, "floats", shape, x)
    if x.dtype == dtype:
        return x.astype(dtype, copy=False)
    try:
        with np.errstate(over="raise"):
            return x.astype(dtype)
    except FloatingPointError:
        raise ValueError(f"{_called(layer)}: {name}: expected numbers that fit {dtype}, got {abs(x).max()}") from None


def float_dtype(x):
    """The dtype of a layer without weights: that of its input, float64 for integers, and for what is no array."""
    dtype = getattr(x, "dtype", None)
    if not isinstance(dtype, np.dtype):
        try:
            dtype = np.asarray(x).dtype
        except (ValueError, TypeError, RuntimeError, OverflowError):  # `as_floats` refuses it
            return np.dtype(np.float64)
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def as_ids(layer, name, ids, shape, upper, where=None):
    """ids as an array of integers in [0, upper), 0 where `where` is false; ValueError if they are anything else.

    The array has a sign, 32 bits or more, and the machine's byte order: in uint8 255 + 1 is 0, and the int8 -1 without
    its sign 255, which may be a word; uint64 beside int64 becomes float64. shape None: any.
    """
    if type(ids) is not np.ndarray:
        given, ids = ids, as_array(layer, name, ids)
        if not ids.size and not hasattr(given, "dtype"):
            ids = ids.astype(np.int64)  # NumPy takes [] for floats
    shape = ids.shape if shape is None else shape
    if ids.dtype.kind not in "iu" or not _fits(ids.shape, shape):
        _refuse(layer, name, "integers", shape, ids)
    ids = ids if where is None else np.where(where, ids, 0)
    native = ids.dtype.kind == "i" and ids.itemsize >= 4 and ids.dtype.isnative
    wide = ids if native else ids.astype(np.int64)
    upper = min(upper, 2 ** (8 * wide.itemsize - 1))
    if wide.size and wide.view(f"u{wide.itemsize}").max() >= upper:  # without its sign a negative id is a huge one
        worst = ids.min() if ids.min() < 0 else ids.max()
        raise ValueError(f"{_called(layer)}: {name}: expected ids in [0, {upper}), got {worst}")
    return wide


def as_int32(owner, name, ids):
    """An array of integers as int32; ValueError for one that does not fit, which `astype` would make another id."""
    if ids.itemsize >= 4 and ids.dtype != np.int32 and ids.size and (ids.min() < -(2**31) or ids.max() >= 2**31):
        worst = ids.min() if ids.min() < -(2**31) else ids.max()
        raise ValueError(f"{_called(owner)}: {name}: expected whole numbers of 32 bits, got {worst}")
    return ids.astype(np.int32, copy=False)


def as_classes(owner, t):
    """t, class ids or soft labels, as an array; ValueError for a probability (N,) of 0.5: neither of two classes."""
    t = as_array(owner, "ts", t)
    if t.dtype.kind == "f" and t.ndim == 1 and (t == 0.5).any():
        way_out = "a third class, or a sample_weight of 0, is for what is neither"
        raise ValueError(f"{_called(owner)}: ts: expected labels that name one of two classes, got 0.5 ({way_out})")
    return t


def as_mask(layer, mask, shape):
    """mask unchanged if it is None or bools of `shape`; ValueError otherwise."""
    if mask is None:
        return None
    mask = as_array(layer, "mask", mask)
    if mask.dtype.kind != "b" or mask.shape != tuple(shape):
        _refuse(layer, "mask", "bools", shape, mask)
    return mask


def as_sample_weight(layer, weight, shape, dtype):
    """weight unchanged if it is None, or as an array of `dtype`; ValueError unless these are finite floats of `shape`,
    0 or above.
    """
    if weight is None:
        return None
    weight = as_floats(layer, "sample_weight", weight, shape, dtype)
    if weight.size and not (weight.min() >= 0 and weight.max() < np.inf):  # NaN is neither
        worst = weight.max() if weight.min() >= 0 else weight.min()
        raise ValueError(f"{_called(layer)}: sample_weight: expected finite weights, 0 or above, got {worst}")
    return weight


def check_weights(layer, **weights):
    """ValueError unless every weight (name=(array, shape)) is a float array of its shape, and all of one dtype."""
    sizes, dtypes = {}, set()
    for W, shape in weights.values():  # a letter that stands alone ("H") says more than a multiple of it ("4H")
        if len(getattr(W, "shape", ())) == len(shape):
            for size, want in zip(W.shape, shape):
                if str(want).isalpha():
                    sizes.setdefault(want, size)
    for name, (W, shape) in weights.items():
        if not is_plain_array(W) or W.dtype.kind != "f" or not _fits(W.shape, shape, sizes):
            _refuse(layer, name, "a float array", [_size(want, sizes) for want in shape], W)
        dtypes.add(W.dtype)
    if len(dtypes) > 1:
        raise ValueError(f"{_called(layer)}: expected weights of one dtype, got {sorted(map(str, dtypes))}")


def check_trainable(owner, name, p):
    """ValueError unless p is an array of float32 or wider that can be written to."""
    if not is_plain_array(p) or p.dtype.kind != "f":
        raise ValueError(f"{_called(owner)}: expected an array of floats as {name}, got {described(p)}")
    if p.dtype.itemsize < 4:  # the squares of gradients, eps and small steps are 0 there
        raise ValueError(f"{_called(owner)}: expected float32 or float64 to train, got {p.dtype} as {name}")
    if not getattr(p.flags, "writeable", True):
        raise ValueError(f"{_called(owner)}: expected an array that can be written to as {name}, got a read-only one")


def is_plain_array(W):
    """Whether W is a NumPy array, not one whose operators or elements mean something else, or an array of the GPU."""
    if type(W) is np.ndarray or hasattr(W, "__cuda_array_interface__"):
        return True
    return isinstance(W, np.ndarray) and not isinstance(W, np.matrix) and not is_masked(W)


def check_ratio(layer, name, ratio):
    """ratio as a Python number; ValueError unless 0 <= ratio < 1."""
    return as_number(layer, name, ratio, least=0, below=1)


def plain_number(value):
    """The Python number of a NumPy scalar or an array without axes; any other value unchanged, spans of time too."""
    if not (hasattr(value, "dtype") and hasattr(value, "item") and np.ndim(value) == 0) or is_masked(value):
        return value
    return value if getattr(value.dtype, "kind", "f") in "mM" else value.item()


def as_number(owner, name, value, *, least=None, above=None, below=None, whole=False, finite=True, hint=""):
    """A number from outside as a Python int or float, so that it can be compared, saved as JSON and read back.

    least <= value, above < value < below, each where it is given; whole: an int; finite: no infinity. ValueError for
    another one, NaN, a bool, a str, or what is no single number; `hint`, the way out, ends the message.
    """
    number = plain_number(value)
    expected = f"{name} {f'>= {least}' if above is None else f'> {above}'}" if (least, above) != (None, None) else name
    if below is not None:
        expected = f"{least} <= {name} < {below}" if above is None else f"{above} < {name} < {below}"
    if type(number) is not int and (whole or not isinstance(number, float)):
        expected = f"a whole number for {expected}" if whole else f"a number for {expected}"
        raise ValueError(f"{_called(owner)}: expected {expected}, got {described(value)}{hint}")
    fits = number == number and not (finite and abs(number) > sys.float_info.max)  # an int, too
    fits = fits and (least is None or number >= least) and (above is None or number > above)
    if not fits or (below is not None and not number < below):
        expected = f"a finite {expected}" if expected == name else expected
        raise ValueError(f"{_called(owner)}: expected {expected}, got {number}{hint}")
    return number


def as_sizes(owner, **sizes):
    """Sizes by name, 1 or above, as a list of Python ints, which do not overflow; ValueError for others."""
    return [as_number(owner, name, size, least=1, whole=True) for name, size in sizes.items()]


def as_flag(owner, name, flag):
    """flag as True or False; ValueError for what is none of them, nor 0 or 1: a str would count as true."""
    flag = plain_number(flag)
    if not isinstance(flag, int) or flag not in (0, 1):
        raise ValueError(f"{_called(owner)}: expected {name} to be True or False, got {described(flag)}")
    return bool(flag)


def as_rng(owner, rng):
    """A Generator: rng itself, or one from a seed; ValueError for what is neither, nor None."""
    if rng is GLOBAL:
        return rng
    rng = plain_number(rng)
    try:
        if isinstance(rng, (bool, float, str)):
            raise TypeError
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        expected = "a seed (a whole number >= 0), a numpy.random.Generator or None as rng"
        raise ValueError(f"{_called(owner)}: expected {expected}, got {described(rng)}") from None


def as_rng_or_global(owner, rng):
    """As `as_rng`, but GLOBAL, NumPy's global random state, for None: in the book's classes."""
    return GLOBAL if rng is None else as_rng(owner, rng)


def described(value):
    """What came, for a message: its kind, and its value, length or shape."""
    value = plain_number(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _kind_of_array(value)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__name__")):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__name__}"
    if value is None or isinstance(value, (bool, int, float, complex)):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return f"the {type(value).__name__} {value[:20]!r}"
    length = f" of {len(value)}" if isinstance(value, (list, tuple, dict, set)) else ""
    return f"{type(value).__name__}{length}"


def is_masked(x):
    """Whether x is a NumPy array with a mask, or a list with one in it."""
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)  # NumPy imports it with the first of them
    if masked is None:
        return False
    if type(x) not in (list, tuple):
        return isinstance(x, masked)
    kinds = set(map(type, x))
    return any(issubclass(kind, masked) for kind in kinds) or (bool(kinds & {list, tuple}) and any(map(is_masked, x)))


def _fits(shape, wanted, sizes=None):
    if shape == wanted:
        return True
    if wanted[:1] == (...,):
        return shape[-1:] == wanted[1:]
    sizes = {} if sizes is None else sizes
    for size, want in zip(shape, wanted):
        if isinstance(want, str):
            factor = 1 if len(want) == 1 else int(want[:-1])
            want = factor * sizes.setdefault(want[-1], size // factor)
        if size != want:
            return False
    return len(shape) == len(wanted)


def _size(want, sizes):
    """The number that a letter of a shape stands for, where it is known already: "4H" -> 4 sizes["H"]."""
    known = isinstance(want, str) and want[-1] in sizes
    return int(want[:-1] or 1) * sizes[want[-1]] if known else want


def _refuse(layer, name, kind, shape, got):
    wanted = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    came = _kind_of_array(got) if hasattr(got, "dtype") and hasattr(got, "shape") else type(got).__name__
    raise ValueError(f"{_called(layer)}: {name}: expected {kind} of shape {wanted}, got {came}")


def _kind_of_array(a):
    kind = f"{type(a).__name__} of " if isinstance(a, np.ndarray) and not is_plain_array(a) else ""
    return f"{kind}{a.dtype} of shape {tuple(a.shape)}"


def _called(layer):
    return layer if isinstance(layer, str) else type(layer).__name__
