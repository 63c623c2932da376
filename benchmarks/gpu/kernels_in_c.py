"""The text of a `cupy.ElementwiseKernel` as a C function that a CPU runs: for the tests of kernels where no GPU is."""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

C_NAMES = {"float32": "float", "float64": "double", "int32": "int", "int64": "long long", "bool": "_Bool"}
HEAD = "#include <stdbool.h>\n#include <tgmath.h>\n"


@cache
def compiler():
    """A C compiler that works, or None."""
    for name in filter(None, map(shutil.which, ("cc", "gcc", "clang"))):
        try:
            _library("int answer(void) { return 42; }", name)
            return name
        except (AssertionError, OSError):  # of macOS there is one that only says where to get one
            continue
    return None


def compiled(in_params, out_params, text, name):
    """-> a function of a list of arguments, NumPy arrays and numbers, and of the number of elements, or None."""
    params = [_Param(param, False) for param in in_params.split(",")]
    params += [_Param(param, True) for param in out_params.split(",")]

    def call(args, size):
        assert len(args) == len(params), f"{name}: expected {len(params)} arguments, got {len(args)}"
        dtypes = {}  # of each letter
        for param, a in zip(params, args):
            if isinstance(a, np.ndarray):
                assert dtypes.setdefault(param.type, a.dtype) == a.dtype, f"{name}: {param.name} is {a.dtype}"
        elementwise = [a for param, a in zip(params, args) if isinstance(a, np.ndarray) and not param.raw]
        shapes = {a.shape for a in elementwise}
        assert len(shapes) == (size is None), f"{name}: expected arrays of one shape, or a size, got {shapes}, {size}"
        letters = {p.type: str(dtypes.get(p.type, p.type)) for p in params}
        scalars = tuple(param.name for param, a in zip(params, args) if not isinstance(a, np.ndarray))
        function = _function(tuple(params), scalars, text, name, tuple(letters.items()))
        # An array that is not contiguous is read and written by way of a copy.
        flat = [np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a for a in args]
        values = []
        for param, a in zip(params, flat):
            scalar = np.dtype(letters[param.type].replace("bool", "bool_")).type
            values.append(a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else _c_number(scalar(a)))
        function(*values, ctypes.c_longlong(elementwise[0].size if size is None else size))
        for param, a, copy in zip(params, args, flat):
            if param.written and copy is not a:
                a[...] = copy

    return call


class _Param:
    """One of "raw T x, int32 H"."""

    def __init__(self, text, written):
        *raw, self.type, self.name = text.split()
        self.raw, self.written = bool(raw), written


def _c_number(x):
    kinds = {
        "f4": ctypes.c_float,
        "f8": ctypes.c_double,
        "i4": ctypes.c_int,
        "i8": ctypes.c_longlong,
        "b1": ctypes.c_bool,
    }
    return kinds[x.dtype.str[1:]](x.item())


@cache
def _library(source, cc):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows keeps a library that is in use
        file, library = Path(folder, "kernel.c"), Path(folder, "kernel.so")
        file.write_text(source, encoding="ascii")
        command = [cc, "-O1", "-shared", "-fPIC", "-Wall", "-Werror=implicit", "-o", str(library), str(file), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        return ctypes.CDLL(str(library))


@cache
def _function(params, scalars, text, name, letters):
    """The C function of these types."""
    c_types = {letter: C_NAMES[dtype] for letter, dtype in letters}
    arguments, names = [], []
    for p in params:
        const = "" if p.written else "const "
        if p.name in scalars:
            arguments.append(f"{c_types[p.type]} {p.name}")
        else:
            arguments.append(f"{const}{c_types[p.type]} *{'' if p.raw else 'all_'}{p.name}")
            names += [] if p.raw else [f"#define {p.name} (all_{p.name}[i])"]
    typedef = f"typedef {c_types['T']} T;" if "T" in c_types else ""
    loop = f"for (long long i = 0; i < size; ++i) {{ {text} }}"
    lines = [HEAD, typedef, f"void {name}({', '.join(arguments)}, long long size) {{", *names, loop, "}"]
    return getattr(_library("\n".join(lines), compiler()), name)
