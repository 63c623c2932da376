"""What the callbacks of a training remember, loaded from a file: that of all of them, or of none."""

import contextlib
import copy

import numpy as np

from common.files import saved_training as checks
from common.files.saved_training import plain
from common.training.callback import Callback


def with_state(trainer):
    """The callbacks that have a state; those that only print or write may be others in each process."""
    return [c for c in trainer.callbacks or [] if type(c).state is not Callback.state]


def load_callbacks(trainer, arrays, saved):
    """`load_state` of all callbacks that have a state, or, after an error of one of them, of none."""
    example = next(iter(trainer.model.params), None)  # on the GPU, the callbacks' weights are there, too
    states = []
    for i, (callback, of_file) in enumerate(zip(with_state(trainer), saved, strict=True)):
        own = [arrays[f"callback.{i}.{k}"] for k in range(of_file["arrays"])]
        name, values = f"callback {of_file['name']}", of_file["memory"]
        checks.check_alike(name, plain(callback.first_state()[0]), values)
        callback.check_state(values, own, trainer)
        states.append((callback, values, [np.asarray(a, like=example) for a in own]))
    undos = []
    try:
        for callback, values, own in states:
            undos.append(_undo_of(callback))
            callback.load_state(values, own)
    except BaseException:
        for undo in reversed(undos):
            undo()
        raise


def _undo_of(callback):
    """-> a function that makes a callback again what it is now, whatever its `load_state` has done by then."""
    state, attributes = copy.deepcopy(callback.state()), dict(vars(callback))
    slots = {name: getattr(callback, name) for name in ("_first_state", "_served") if hasattr(callback, name)}

    def undo():
        with contextlib.suppress(Exception):  # it may have changed what its attributes refer to, such as a generator
            callback.load_state(*state)
        vars(callback).clear()
        vars(callback).update(attributes)
        for name in ("_first_state", "_served"):
            if name in slots:
                setattr(callback, name, slots[name])
            elif hasattr(callback, name):
                delattr(callback, name)

    return undo
