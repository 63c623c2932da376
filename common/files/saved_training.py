"""What a saved training must be before anything of it is believed: one check for each part of it.

Each raises a ValueError that names the part. `trainer` is always a copy that has the position, the history and the
unfinished epoch of the file already; nothing here changes anything.
"""

import copy
import warnings

import numpy as np
from numpy.random import BitGenerator

from common.arrays.forms import COUNT, FROM_ONE, NOT_NEGATIVE, NUMBER, SHARE, Number, check_form, check_range
from common.arrays.global_random import GLOBAL
from common.optimizer import AdaDelta, AdaGrad, Adam, RMSprop
from common.trainer import Trainer

RUNNING = {"num_examples": FROM_ONE, "batch_size": FROM_ONE, "stream": (dict, None), "steps": COUNT, "loss_sum": NUMBER}
RUNNING |= {"norm": NOT_NEGATIVE, "examples": COUNT, "tokens": COUNT, "right": COUNT, "scored": bool}
RUNNING |= {"seconds": NOT_NEGATIVE}
META = {
    "kind": str,
    "optimizer": {"name": str, "numbers": dict},
    "streams": dict,
    "position": {"epoch": COUNT, "step": COUNT},
    "running": (RUNNING, None),
    "history": [dict],
    "loss_list": [NUMBER],
    "callbacks": [{"name": str, "memory": dict, "arrays": COUNT}],
}
ROW = {"epoch": FROM_ONE, "loss": NUMBER, "accuracy": (SHARE, None), "grad_norm": NOT_NEGATIVE, "lr": NUMBER}
ROW |= {"tokens_per_s": NOT_NEGATIVE, "seconds": NOT_NEGATIVE}
ROW |= {"val_loss": (NUMBER, None), "val_accuracy": (SHARE, None)}
SQUARES = ((AdaGrad, "h"), (RMSprop, "h"), (AdaDelta, "h"), (AdaDelta, "d"), (Adam, "v"))  # means of squares
STATE_INT = Number(0, 2**128, whole=True)
FLAG = Number(0, 1, whole=True)


def check_meta(meta, arrays):
    """The keys and types of all that is not an array, and that no array is without an owner."""
    check_form("training", {key: value for key, value in meta.items() if key != "about"}, META)
    for name, state in meta["streams"].items():
        check_form(f"streams: {name!a}", state, dict)
        check_form(f"streams: {name!a}: bit_generator", state.get("bit_generator"), str)
    owned = {
        f"callback.{i}.{k}" for i, one in enumerate(meta["callbacks"]) for k in range(min(one["arrays"], len(arrays)))
    }
    if owned != (found := {name for name in arrays if name.startswith("callback.")}):
        missing = sorted(owned ^ found)[0]
        raise ValueError(f"array {missing}: expected it where its callback has so many, and only there")
    allowed = {"running.order", "running.scores", "running.labels"} if meta["running"] is not None else set()
    for name in arrays:
        if name.startswith("running.") and name not in allowed:
            raise ValueError(f"array {name}: expected none of this name")


def check_stream(name, rng, state):
    """A state that the bit generator of `rng` takes and gives back unchanged: NumPy takes much else, some of which
    leads out of its memory.
    """
    scratch = GLOBAL.apart() if rng is GLOBAL else copy.deepcopy(rng.bit_generator)
    check_form(name, state, _form_of_state(plain(scratch.state)))
    numbers = state["state"]
    fits = numbers.get("pos", 0) <= 624 and state.get("buffer_pos", 0) <= 4  # of MT19937, of Philox: places in a list
    fits = fits and numbers.get("inc", 1) % 2 == 1 and any(numbers.get("key", [1]))  # of PCG64, and MT19937
    try:
        if fits:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy 1.26 wraps a number that is too large
                scratch.state = state
            fits = plain(scratch.state) == state
    except Exception:  # whatever NumPy makes of it
        fits = False
    if not fits:
        raise ValueError(f"{name}: expected a state of {state['bit_generator']}, got numbers that are none")


def _form_of_state(value, name=""):
    if isinstance(value, dict):
        return {key: _form_of_state(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [STATE_INT]
    if isinstance(value, int):
        return FLAG if name.startswith("has_") else STATE_INT
    return NUMBER if isinstance(value, float) else value


def set_numbers(optimizer, numbers):
    """Set the numbers of an optimizer, which refuses those out of its ranges."""
    for name, value in numbers.items():
        check_form(f"optimizer: {name}", value, COUNT if name == "iter" else NUMBER)
        setattr(optimizer, name, value)


def check_optimizer_arrays(optimizer, arrays):
    """What no step can lead to: a mean of squares below 0, a row that was touched after the last step."""
    for name, a in arrays.items():
        if name.startswith("optimizer."):
            slot = name.split(".")[1]
            if any(isinstance(optimizer, kind) and slot == of_squares for kind, of_squares in SQUARES):
                check_range(f"array {name}", a, NOT_NEGATIVE)
            elif slot == "last" and not optimizer.lazy:
                check_range(f"array {name}", a, Number(0, optimizer.iter))


def check_position(trainer):
    """The position, the history, and that they fit each other."""
    done, steps = trainer.epochs_done, trainer.step - (trainer.running.steps if trainer.running else 0)
    check_form("position: epoch", trainer.epoch, FROM_ONE if trainer.running else COUNT)
    check_form(
        "position: step before the epoch", steps, Number(len(trainer.history), COUNT.most * bool(done), whole=True)
    )
    last = 0
    metrics = {f"{part}{name}": (NUMBER, None) for name in trainer.metrics for part in ("", "val_")}
    for i, row in enumerate(trainer.history):
        known = ROW | {name: form for name, form in metrics.items() if name in row}
        check_form(f"history[{i}]", {name: value for name, value in row.items() if name in known}, known)
        check_form(f"history[{i}]: epoch", row["epoch"], Number(last + 1, done, whole=True))
        last = row["epoch"]


def check_running(trainer, arrays):
    """The unfinished epoch: its counts, the order of its examples, and what its metrics need."""
    running, (scores, labels) = trainer.running, [arrays.get(f"running.{name}") for name in ("scores", "labels")]
    N, order = running.num_examples, running.order
    check_form("running: steps", running.steps, Number(0, -(-N // running.batch_size), whole=True))
    check_form("running: right", running.right, Number(0, running.examples, whole=True))
    if running.stream is not None:
        check_stream("running: stream", trainer.rng, running.stream)
    own_order = type(trainer)._batches_left is not Trainer._batches_left
    if (running.stream is None) == (order is None) and not (order is None and own_order):
        raise ValueError("running: expected either the order of the examples or the stream that it follows from")
    if order is not None and (trainer.rng is not GLOBAL or not _is_permutation(order, N)):
        raise ValueError(f"array running.order: expected a permutation of {N:,} examples, got another array")
    if (scores is None) != (labels is None):
        raise ValueError("running: expected scores and labels, or neither, got one of them")
    if scores is None and running.steps and trainer.metrics:
        got = "an unfinished epoch of a training without metrics"
        raise ValueError(f"expected a training with metrics {', '.join(trainer.metrics)}, got {got}")
    if scores is not None and not scores.shape[:1] == labels.shape[:1] == (running.examples,):
        expected = f"expected scores and labels of {running.examples:,} examples"
        raise ValueError(f"running: {expected}, got shapes {scores.shape} and {labels.shape}")


def _is_permutation(order, N):
    return order.shape == (N,) and order.dtype.kind == "i" and np.array_equal(np.sort(order), np.arange(N))


def check_alike(name, fresh, saved):
    """What a callback remembers is of the kind of what it knows when it is new: a number where that is a number, the
    same names, the state of a bit generator where that is one. Where that is None, it may be anything.
    """
    if isinstance(fresh, dict) and isinstance(saved, dict):
        if missing := [key for key in fresh if key not in saved]:
            raise ValueError(f"{name}: expected {missing[0]!r} in it, got none")
        generator = getattr(np.random, str(fresh.get("bit_generator")), None)
        if isinstance(generator, type) and issubclass(generator, BitGenerator):
            rng = GLOBAL if "has_gauss" in fresh else np.random.Generator(generator(0))
            return check_stream(name, rng, saved)
        for key, value in fresh.items():
            check_alike(f"{name}: {key}", value, saved[key])
    elif fresh is not None:
        check_form(name, saved, NUMBER if type(fresh) in (int, float) else type(fresh))


def plain(value):
    """The same as JSON can hold it: with Python numbers for those of NumPy, and lists for arrays."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
