"""A cell or an encoder of one's own, by name: "package.module:Class" becomes an entry of `ch_sentiment.model.CELLS`.

Only a person's own words bring a module in (`--cell`, `own_cell`), never the content of a file: a model whose cell is
not in the table is refused with the name that it wants.
"""

import importlib
import inspect
import sys

from ch_sentiment.experiment.options import ModelOptions
from ch_sentiment.model import CELLS
from dataset.errors import DataError


def own_cell(name):
    """Import the class of a name "package.module:Class", from the working folder too, and enter it in `CELLS`; a name
    that stands there is left as it is. DataError where there is no such class.
    """
    if name in CELLS:
        return
    module, colon, attribute = name.partition(":")
    expected = f"--cell: expected one of {', '.join(CELLS)}, or package.module:Class"
    if not (colon and all(part.isidentifier() for part in (*module.split("."), attribute))):
        raise DataError(f"{expected}, got {name!r}")
    path = sys.path[:]
    sys.path.append("")  # last, so that no file in the working folder hides a library
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError as error:
        raise DataError(f"{expected}; {name}: cannot be imported ({error})") from None
    finally:
        sys.path[:] = path
    if not inspect.isclass(found) or not hasattr(found, "forward") or not hasattr(found, "backward"):
        raise DataError(f"{expected}; {name}: expected a class with forward and backward, got {found!r}")
    CELLS[name] = found


def known_cell(options):
    """`own_cell` of ModelOptions. DataError also where an encoder would pass over options of recurrent layers."""
    own_cell(options.cell)
    if hasattr(CELLS[options.cell], "init_params"):
        return
    for name in ("bidirectional", "layers", "pool"):
        if getattr(options, name) != getattr(ModelOptions, name):
            raise DataError(f"--{name}: expected a recurrent layer as --cell, {options.cell} is an encoder by itself")
