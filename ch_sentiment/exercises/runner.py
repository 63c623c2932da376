"""The child's side: imports a submission, makes the calls of the cases and sends back raw arrays. It judges nothing.

This file is run alone, by `python -I`, and imports nothing of this project. The judge imports it too, to make the same
calls on its references. A message is two lengths, a header in JSON, and the bytes of the arrays that the header names.
"""

import contextlib
import importlib.util
import json
import math
import os
import re
import struct
import sys

import numpy as np

LONGEST = 64 << 20  # bytes of a message
DTYPE = re.compile(r"[<|][fiub][1248]")  # floats, integers, bools: nothing that could be an object


class Unsuitable(Exception):
    """What a submission returned is not what the call returns."""


class Finder:
    """Refuses to import what would do the exercise, wherever it is installed."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} cannot be used in an exercise: write it yourself, with NumPy")


def main():
    """Answer the request on standard input. What the submission prints goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    header, arrays = read_message(sys.stdin.buffer)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.dont_write_bytecode, sys.pycache_prefix = True, os.devnull  # no cache is read either
    sys.meta_path.insert(0, Finder(header["refused"]))
    _refuse_reading(header["refused"], header["paths"])
    _limit_memory(header["memory"])
    with contextlib.suppress(BaseException), replies:  # where nobody listens any more, or a submission broke this
        for i, path in enumerate(header["paths"]):
            run_submission(path, header["cases"], arrays, lambda found, error=None, i=i: send(replies, i, found, error))
        send(replies, None, {})


def _refuse_reading(packages, submissions):
    """From now on no file of these packages, beside ours, can be opened: they hold the answers. It catches what goes
    round the Finder, and cannot be taken back.
    """
    realpath, fsdecode = os.path.realpath, os.fsdecode
    root = os.path.dirname(os.path.dirname(os.path.dirname(realpath(__file__))))
    folders = tuple(os.path.join(root, name, "") for name in packages)
    own = {realpath(path) for path in submissions}

    def hook(event, args):
        if event == "open" and args[0] is not None and not isinstance(args[0], int):
            path = realpath(fsdecode(args[0]))
            if os.path.join(path, "").startswith(folders) and path not in own:
                raise PermissionError("files of this project cannot be read in an exercise: write it yourself")

    sys.addaudithook(hook)


def run_submission(path, cases, arrays, answer):
    """answer({}) before and after the import, answer(arrays by name) after each step of each case; answer({}, error)
    instead where one fails, and the submission is left.
    """
    answer({})
    try:
        namespace = load(path)
        answer({})
        for steps in cases:
            for found in run_steps(namespace, steps, arrays):
                answer(found)
    except BaseException as error:  # sys.exit() too
        answer({}, described(error, path))


def load(path):
    """-> the names that the file of Python at `path` defines."""
    spec = importlib.util.spec_from_file_location("submission", path)
    if spec is None:
        raise Unsuitable("the name of the file does not end with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["submission"] = module
    spec.loader.exec_module(module)
    return vars(module)


def run_steps(namespace, steps, arrays):
    """Make the calls of a case; yields the arrays by name that each gave. arrays: key -> array, copied before."""
    copies = {}
    made, grads = None, []
    for step in steps:
        verb, name = step["verb"], step["name"]
        args = [_filled_in(arg, arrays, copies) for arg in step["args"]]
        if verb in ("make", "function") and name not in namespace:
            raise Unsuitable(f"expected a {'class' if verb == 'make' else 'function'} {name}, got none")
        if verb == "make":
            made, result = namespace[name](*args), ()
            grads = list(getattr(made, "grads", ()))  # these arrays: a trainer keeps them, too
        elif verb == "call":
            result = getattr(made, name)(*args)
        elif verb == "function":
            result = namespace[name](*args)
        else:
            result = grads if verb == "grads" else args
        yield _named(step["out"], result, name)


def _filled_in(arg, arrays, copies):
    if isinstance(arg, list):
        return [_filled_in(a, arrays, copies) for a in arg]
    if isinstance(arg, dict):
        key = arg["array"]
        return copies.setdefault(key, np.array(arrays[key])) if key not in copies else copies[key]
    return arg


def _named(names, result, call):
    """The results of a call as arrays by name. Unsuitable."""
    if not names:
        return {}
    several = isinstance(result, tuple) or (isinstance(result, list) and (len(names) > 1 or len(result) == 1))
    results = result if several or len(names) > 1 else (result,)  # one array may come as a list of its rows
    if not isinstance(results, (tuple, list)) or len(results) != len(names):
        got = f"{len(results)}" if isinstance(results, (tuple, list)) else f"one {type(results).__name__}"
        raise Unsuitable(f"{call}: expected {len(names)} ({', '.join(names)}), got {got}")
    return {name: _as_numbers(name, value) for name, value in zip(names, results)}


def _as_numbers(name, value):
    if value is None:
        raise Unsuitable(f"{name}: expected an array, got None (is a `return` missing?)")
    array = np.asarray(value)
    if array.nbytes > LONGEST >> 4:
        raise Unsuitable(f"{name}: an array of shape {array.shape} is too large")
    if array.dtype.kind not in "fiub":
        raise Unsuitable(f"{name}: expected an array of numbers, got {type(value).__name__} of {array.dtype}")
    return array.astype(
        np.float64 if array.dtype.kind == "f" and array.dtype.itemsize > 8 else array.dtype.newbyteorder("<")
    )


def described(error, path):
    """An exception as a dict: type, text, and the line of the file where it was raised (or None)."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    text = "?"
    with contextlib.suppress(Exception):
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:300]
    return {"type": type(error).__name__, "text": text, "line": line}


def send(stream, submission, found, error=None):
    """Write a message: which submission it is about (None: all are done), arrays by name or an error."""
    message = pack({"submission": submission, "error": error}, found)
    while message:
        message = message[stream.write(message) :]


def pack(header, arrays):
    """-> the bytes of a message."""
    kinds = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    head = json.dumps({**header, "arrays": kinds}).encode()
    data = b"".join(array.tobytes() for array in arrays.values())
    return struct.pack("<QQ", len(head), len(data)) + head + data


def read_message(stream):
    """-> header, arrays by name; None at the end of the stream. ValueError for what is no message."""
    start = _read(stream, 16)
    if not start:
        return None
    sizes = struct.unpack("<QQ", start) if len(start) == 16 else (LONGEST, LONGEST)
    if sum(sizes) > LONGEST:
        raise ValueError("no message, or one that is too long")
    head, data = _read(stream, sizes[0]), _read(stream, sizes[1])
    if (len(head), len(data)) != sizes:
        raise ValueError("the message is cut off")
    try:
        header, arrays, start = json.loads(head), {}, 0
        for name, (dtype, shape) in header.pop("arrays").items():
            if not DTYPE.fullmatch(dtype) or any(type(n) is not int or n < 0 for n in shape):
                raise ValueError(f"no array: {dtype} {shape}")
            size = math.prod(shape)
            arrays[name] = np.frombuffer(data, dtype, size, start).reshape(shape)
            start += arrays[name].nbytes
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no message: {error}") from None
    return header, arrays


def _read(stream, size):
    pieces = []
    while size:
        piece = stream.read(min(size, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _limit_memory(more):
    """At most so many bytes of memory beside what is in use, where the system tells that and has a limit (Linux)."""
    with contextlib.suppress(ImportError, ValueError, OSError), open("/proc/self/statm", encoding="ascii") as file:
        import resource

        most = int(file.read().split()[0]) * resource.getpagesize() + more
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
