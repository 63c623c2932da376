"""A stand-in for CuPy where there is no GPU: arrays that NumPy's functions see through their protocols only, with the
manners of CuPy 14. A NumPy array beside one is a TypeError but as an index, a value of another kind cannot be written
into one, NumPy's functions are those that CuPy has, with the arguments that it takes. Every call that a GPU would
have to be given is counted.

`install()` makes `import cupy` give this. It checks what runs, and in which order; it says nothing of the time.
"""

import sys
import types
from collections import Counter

import numpy as np

from benchmarks.gpu.kernels_in_c import compiled, compiler
from common.gpu.kernels import kernel

calls = Counter()  # of what a GPU would be given, by name

# The functions of NumPy that our layers use and CuPy 14.2 has (`hasattr(cupy, name)`, read off its wheel).
HAS = "all any arange argmax argsort array asarray atleast_2d clip column_stack concatenate copy copyto dot empty"
HAS += " empty_like flatnonzero full full_like hstack max mean min ndim ones put_along_axis ravel reshape result_type"
HAS += " searchsorted shape size stack sum take tensordot union1d unique vdot where zeros zeros_like"
REDUCTIONS = {"sum", "mean", "var", "max", "min", "any", "all"}
REFUSED = {"where", "initial", "mode"}  # arguments of reductions and of `take` that it does not know there
FREE = {"shape", "ndim", "size", "result_type", "empty", "empty_like", "reshape", "transpose", "view", "ravel"}
FREE |= {"atleast_2d"}  # which only look, or take memory
MADE = {"empty", "zeros", "ones", "full", "asarray", "array", "arange"}  # called with like=


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """A NumPy array `a` behind CuPy's manners."""

    def __init__(self, a):
        self.a = np.asarray(a)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    @property
    def __array_interface__(self):
        raise AttributeError("__array_interface__")

    @property
    def __cuda_array_interface__(self):
        return self.a.__array_interface__

    def get(self):
        """A copy as a NumPy array: the GPU is waited for."""
        calls["get"] += 1
        return self.a.copy()

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        calls[ufunc.__name__] += 1
        out = kwargs.get("out", ())
        result = getattr(ufunc, method)(*bare(inputs), **bare(kwargs))
        return out[0] if out else on_device(result)

    def __array_function__(self, func, types, args, kwargs):
        name = func.__name__
        if name not in HAS.split() or (name in REDUCTIONS | {"take"} and REFUSED & set(kwargs)):
            raise TypeError(f"no implementation found for numpy.{name} with {', '.join(kwargs) or 'its arguments'}")
        calls[name] += name not in FREE
        if name in MADE:
            args = [a.a if isinstance(a, ndarray) else a for a in args]
            return on_device(func(*args, **kwargs))
        result = func(*bare(args), **bare(kwargs))
        return result if name in ("shape", "ndim", "size", "result_type") else on_device(result)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.a, name)
        if not callable(value):
            return on_device(value)
        calls[name] += name not in FREE
        if name in REDUCTIONS:
            return lambda axis=None, keepdims=False: on_device(value(axis=axis, keepdims=keepdims))
        return lambda *args, **kwargs: on_device(value(*bare(args), **bare(kwargs)))

    def __getitem__(self, key):
        found = self.a[bare(key, indices=True)]
        calls["getitem"] += not np.may_share_memory(found, self.a)  # a view costs nothing
        return on_device(found)

    def __setitem__(self, key, value):
        calls["setitem"] += 1
        value = 0 if isinstance(value, float) and value == 0 else value  # CuPy sets the bytes to 0, for -0.0, too
        self.a[bare(key, indices=True)] = bare(value)

    def __len__(self):
        return len(self.a)

    def __bool__(self):
        return bool(self.get())

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __index__(self):
        return self.get().__index__()


def on_device(x):
    if isinstance(x, (tuple, list)):
        return type(x)(on_device(v) for v in x)
    return ndarray(x) if isinstance(x, (np.ndarray, np.generic)) else x


def bare(x, indices=False):
    """The NumPy arrays inside. CuPy takes NumPy arrays as indices and nowhere else."""
    if isinstance(x, ndarray):
        return x.a
    if isinstance(x, (tuple, list)):
        return type(x)(bare(v, indices) for v in x)
    if isinstance(x, dict):
        return {k: bare(v) for k, v in x.items()}
    if isinstance(x, np.ndarray) and not indices:
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return x


class ElementwiseKernel:
    """`cupy.ElementwiseKernel`, its text compiled as C, a loop over the elements."""

    def __init__(self, in_params, out_params, operation, name):
        self.kernel, self.name = compiled(in_params, out_params, operation, name), name

    def __call__(self, *args, size=None):
        calls[self.name] += 1
        self.kernel([a.a if isinstance(a, ndarray) else a for a in args], size)


def asarray(x):
    return x if isinstance(x, ndarray) else ndarray(np.array(x))


def module():
    """What `import cupy` should give. Without a C compiler the arrays are not taken for CuPy's, and so run without
    kernels, as those of a cell of one's own do.
    """
    made = types.ModuleType("cupy")
    ndarray.__module__ = "cupy" if compiler() else __name__
    made.ndarray, made.asarray, made.ElementwiseKernel, made.__version__ = (
        ndarray,
        asarray,
        ElementwiseKernel,
        "stand-in",
    )
    made.cuda = types.SimpleNamespace(is_available=lambda: True)
    return made


def install():
    """`import cupy` gives it from now on."""
    sys.modules["cupy"] = module()
    kernel.cache_clear()
