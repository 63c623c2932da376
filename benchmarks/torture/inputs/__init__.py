"""What a composer may hand to layers, losses, optimizers, models and the Trainer by mistake.

Each case is a call with one argument, and a good value of it. Hostile values are made of the good one. A call must
either be refused by one line that begins with its owner's name (ValueError, TypeError), or give the very result of the
good value, where the hostile one says the same in another form. Nothing may warn.
"""

import contextlib
import copy
import itertools
import time
import warnings

import numpy as np

from benchmarks.torture.inputs.functions import of_functions, of_numbers
from benchmarks.torture.inputs.hostile import KINDS
from benchmarks.torture.inputs.layers import of_layers, of_losses
from benchmarks.torture.inputs.models import of_models, of_training

CLOSE = 1e-2, 1e-2  # relative, absolute: float16 is an input, too
PARTS = of_layers, of_losses, of_models, of_training, of_numbers, of_functions


def attack(case, hostile, wanted):
    """None, or what is wrong, of a case and one hostile value. wanted: what the case gives for the good value."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            found = case.call(hostile.value)
        except (ValueError, TypeError) as error:
            line = str(error)
            problem = None if line.startswith(case.owners) and "\n" not in line else f"{type(error).__name__}: {line}"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        else:
            problem = (
                None
                if hostile.name in case.fine or is_right(hostile, found, wanted)
                else f"gave {' '.join(repr(found).split()):.90}"
            )
    problem = problem or (f"warned: {heard[0].message}" if heard else None)
    return problem and f"{case.name} of {hostile.name}: {problem}"


def is_right(hostile, found, wanted):
    """Whether what a hostile value gave is right; no rows, and large numbers, may be well formed."""
    if hostile.name == "no rows":
        return len(found) == 0 if isinstance(found, (list, np.ndarray)) else False
    if hostile.name == "1e300":  # of a layer without weights, which computes in the dtype of its input
        return isinstance(found, (np.ndarray, float)) and bool(np.isfinite(found).all())
    return hostile.same and same(found, wanted)


def same(a, b):
    """Whether two results are equal, floats to the rounding of the input, whose dtype layers without weights have."""
    if isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(b, (np.ndarray, float)):
        a = np.asarray(a, np.float64) if isinstance(a, (np.ndarray, float)) else np.empty(0, object)
        return a.shape == np.shape(b) and np.allclose(a, b, *CLOSE, equal_nan=True)
    return a == b or a is b


def cases():
    """All of them."""
    return itertools.chain.from_iterable(part() for part in PARTS)


def attacks():
    """(case, hostile value, result of the good value), of all cases."""
    for case in cases():
        wanted = case.call(copy.deepcopy(case.good))
        for hostile in KINDS[case.kind](case.good, *case.more):
            yield case, hostile, wanted


def run(minutes, say):
    with contextlib.suppress(ImportError):
        import pandas  # noqa: F401  (its columns are tried where it is installed)
    count, wrong, start = 0, [], time.monotonic()
    for case, hostile, wanted in attacks():
        count += 1
        if problem := attack(case, hostile, wanted):
            wrong.append(problem)
            say(problem)
    assert not wrong, f"{len(wrong)} of {count}, first of all {wrong[0]}"
    arguments = len({case.name for case in cases()})
    return {
        "arguments": arguments,
        "hostile values": count,
        "accepted in silence": 0,
        "seconds": round(time.monotonic() - start),
    }
