"""The checks of the arrays that a layer is given: each refuses with a ValueError of one form.

"TimeLSTM: xs: expected floats of shape (N, T, 3), got float64 of shape (4, 5, 2)". In an expected shape a
number is that size, a letter any size, and a letter with a factor ("4H") a multiple of a letter already seen.
"""

import numpy as np

from common.arrays.global_random import GLOBAL


def as_floats(layer, name, x, shape, dtype):
    """x as an array of `dtype` (no copy where it is one already); ValueError if it is not numbers of `shape`.

    `...`, first of all in `shape`, stands for any axes.
    """
    if getattr(x, "dtype", None) is dtype and (x.shape == shape or (shape[:1] == (...,) and x.shape[-1:] == shape[1:])):
        return x  # nearly every call, and a small layer's forward takes a few microseconds
    x = x if hasattr(x, "dtype") else np.asarray(x)
    shape = (*x.shape[:-1], *shape[1:]) if shape[:1] == (...,) else shape
    if x.dtype.kind not in "fiub" or not _fits(x.shape, shape):
        _refuse(layer, name, "floats", shape, x)
    return x.astype(dtype, copy=False)


def float_dtype(x):
    """The dtype of a layer without weights: that of its input, float64 for integers."""
    dtype = x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def as_ids(layer, name, ids, shape, upper, where=None):
    """ids as an array of integers in [0, upper), 0 where `where` is false; ValueError if they are anything else.

    The array has a sign, 32 bits or more, and the machine's byte order: in uint8 255 + 1 is 0, and the int8 -1 without
    its sign 255, which may be a word; uint64 beside int64 becomes float64.
    """
    if not hasattr(ids, "dtype"):
        ids = np.asarray(ids)
        ids = ids if ids.size else ids.astype(np.int64)  # NumPy takes [] for floats
    if ids.dtype.kind not in "iu" or not _fits(ids.shape, shape):
        _refuse(layer, name, "integers", shape, ids)
    ids = ids if where is None else np.where(where, ids, 0)
    native = ids.dtype.kind == "i" and ids.itemsize >= 4 and ids.dtype.isnative
    wide = ids if native else ids.astype(np.int64)
    if wide.size and wide.view(f"u{wide.itemsize}").max() >= upper:  # without its sign a negative id is a huge one
        worst = ids.min() if ids.min() < 0 else ids.max()
        raise ValueError(f"{_called(layer)}: {name}: expected ids in [0, {upper}), got {worst}")
    return wide


def as_mask(layer, mask, shape):
    """mask unchanged if it is None or bools of `shape`; ValueError otherwise."""
    if mask is None:
        return None
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
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
        if not hasattr(W, "dtype") or W.dtype.kind != "f" or not _fits(W.shape, shape, sizes):
            _refuse(layer, name, "a float array", [_size(want, sizes) for want in shape], W)
        dtypes.add(W.dtype)
    if len(dtypes) > 1:
        raise ValueError(f"{_called(layer)}: expected weights of one dtype, got {sorted(map(str, dtypes))}")


def check_ratio(layer, name, ratio):
    """ratio as a Python number; ValueError unless 0 <= ratio < 1."""
    return as_number(layer, name, ratio, least=0, below=1)


def plain_number(value):
    """The Python number of a NumPy scalar or an array without axes; any other value unchanged."""
    return value.item() if hasattr(value, "dtype") and np.ndim(value) == 0 and hasattr(value, "item") else value


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
    fits = number == number and not (finite and abs(number) == np.inf)
    fits = fits and (least is None or number >= least) and (above is None or number > above)
    if not fits or (below is not None and not number < below):
        expected = f"a finite {expected}" if expected == name else expected
        raise ValueError(f"{_called(owner)}: expected {expected}, got {number}{hint}")
    return number


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
        return f"{value.dtype} of shape {tuple(value.shape)}"
    if isinstance(value, type) or (callable(value) and hasattr(value, "__name__")):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__name__}"
    if value is None or isinstance(value, (bool, int, float, complex)):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return f"the {type(value).__name__} {value[:20]!r}"
    length = f" of {len(value)}" if isinstance(value, (list, tuple, dict, set)) else ""
    return f"{type(value).__name__}{length}"


def _fits(shape, wanted, sizes=None):
    if shape == wanted:
        return True
    sizes = {} if sizes is None else sizes
    for size, want in zip(shape, wanted):
        known = want
        if isinstance(want, str):
            factor = 1 if len(want) == 1 else int(want[:-1])
            known = factor * sizes.setdefault(want[-1], size // factor)
        if size != known:
            return False
    return len(shape) == len(wanted)


def _size(want, sizes):
    """The number that a letter of a shape stands for, where it is known already: "4H" -> 4 sizes["H"]."""
    known = isinstance(want, str) and want[-1] in sizes
    return int(want[:-1] or 1) * sizes[want[-1]] if known else want


def _refuse(layer, name, kind, shape, got):
    wanted = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    came = f"{got.dtype} of shape {got.shape}" if hasattr(got, "dtype") else type(got).__name__
    raise ValueError(f"{_called(layer)}: {name}: expected {kind} of shape {wanted}, got {came}")


def _called(layer):
    return layer if isinstance(layer, str) else type(layer).__name__
