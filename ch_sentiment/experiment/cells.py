"""Custom cells and encoders by name: "package.module:Class" becomes an entry of `ch_sentiment.model.CELLS`.

A module is imported only where the user names it (`--cell`, `register_cell`), never because a file does: a model whose
cell is not in the table is refused with the name that it needs.
"""

import contextlib
import importlib
import inspect
import sys

import numpy as np

from ch_sentiment.experiment.options import ModelOptions
from ch_sentiment.model import CELLS, options_taken, sentiment_net
from dataset.errors import DataError

LONGEST = 1000  # characters of a custom cell's name: a file may hold any text there


def register_cell(name):
    """Import the class of a name "package.module:Class", from the working folder too, and enter it in `CELLS`; a name
    that stands there is left as it is. DataError where there is no such class, or its module cannot be imported.
    """
    if name in CELLS:
        return
    module, _, attribute = name.partition(":")
    expected = f"--cell: expected one of {', '.join(CELLS)}, or package.module:Class"
    if not is_custom_name(name):
        raise DataError(f"{expected}, got {name!r}")
    path = sys.path[:]
    sys.path.append("")  # last, so that no file in the working folder hides a library
    try:
        with _failing(f"--cell {name}: its module cannot be imported"):
            found = getattr(importlib.import_module(module), attribute, None)
    finally:
        sys.path[:] = path
    if not inspect.isclass(found) or not hasattr(found, "forward") or not hasattr(found, "backward"):
        raise DataError(f"{expected}; {name}: expected a class with forward and backward, got {found!r}")
    signature = inspect.signature(found.forward)
    if hasattr(found, "init_params") and "mask" not in signature.parameters:  # it would read padding
        expected = "expected a layer over whole sequences with forward(xs, mask)"
        raise DataError(f"--cell {name}: {expected}, got forward{signature}")
    CELLS[name] = found


def is_custom_name(name):
    """Whether a name has the form of a custom cell's, "package.module:Class"."""
    module, colon, attribute = name.partition(":")
    return bool(colon) and len(name) <= LONGEST and all(part.isidentifier() for part in (*module.split("."), attribute))


@contextlib.contextmanager
def _failing(what):
    """DataError "what (TypeError: why)" for whatever a custom cell's code raises inside, SystemExit included."""
    try:
        yield
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        why = " ".join(f"{type(error).__name__}: {error}".rstrip(": ").split())
        raise DataError(f"{what} ({why})") from None


def made_net(arguments, **more):
    """`sentiment_net` of arguments by name. DataError where a custom cell cannot be made."""
    custom = is_custom_name(arguments["cell"])
    with _failing(f"{_expected(arguments)}; it cannot be made") if custom else contextlib.nullcontext():
        return sentiment_net(**arguments, **more)


def try_cell(arguments):
    """Run forward and backward of a custom cell on a tiny batch, in a network of its own; nothing for our cells.

    arguments: of `sentiment_net`, by name. DataError that names the cell and what failed.
    """
    if not is_custom_name(arguments["cell"]):
        return
    is_none = _expected(arguments)
    net = made_net({"rng": 0, **arguments, "vocab_size": 4, "num_pairs": 0})
    vectors, mask = net.vectors(np.array([[2, 3, 2], [3, 0, 0]]))  # (2, 3) ids -> (2, 3, D), (2, 3)
    with _failing(f"{is_none}; its forward(xs, mask) failed"):
        out = net.encoder.forward(vectors, mask)  # (2, 3, D) -> (2, K)
        _check_shape(out, (2, net.encoder.size))
    with _failing(f"{is_none}; its backward(dout) failed"):
        _check_shape(net.encoder.backward(np.ones_like(out)), vectors.shape)  # (2, K) -> (2, 3, D)


def _expected(arguments):
    return f"--cell {arguments['cell']}: expected a layer over whole sequences or an encoder"


def _check_shape(array, shape):
    if getattr(array, "shape", None) != shape:
        raise ValueError(f"expected an array of shape {shape}, got {getattr(array, 'shape', type(array).__name__)}")


def check_cell(options):
    """`register_cell` of ModelOptions. DataError, too, for options of recurrent layers beside an encoder that does not
    take them.
    """
    register_cell(options.cell)
    if hasattr(CELLS[options.cell], "init_params"):
        return
    taken = ["layers" if name == "num_layers" else name for name in options_taken(CELLS[options.cell])]
    for name in ("bidirectional", "layers", "pool"):
        if name not in taken and getattr(options, name) != getattr(ModelOptions, name):
            way_out = " (--no-bidirectional)" if name == "bidirectional" else ""
            got = f"{options.cell} is an encoder by itself{way_out}"
            raise DataError(f"--{name}: expected a recurrent layer as --cell, {got}")
