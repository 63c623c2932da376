"""Training that can go on elsewhere: all that its next step depends on, in one checkpoint, and back.

Trainer(model, optimizer, [Checkpoint("last.npz")]).fit(x, t, max_epoch=10)  # stops in its fifth epoch, say
trainer = Trainer(model, optimizer, [Checkpoint("last.npz")])  # all of it built anew, the same
resume_training("last.npz", trainer)
trainer.fit(x, t, max_epoch=6)  # the same bits as 10 at once, on the same machine, BLAS and number of threads
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from types import FunctionType, ModuleType

import numpy as np

from common.arrays.tied_weights import remove_duplicate
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.trainer import Running
from common.training.callbacks import Callback

KIND = "sentifish training"


class Checkpoint(Callback):
    """Saves the training to `path`: before its first step, at every epoch's end, where it stops in the middle of one,
    and after a step when `minutes` have passed since the last time.

    It stands last in the list, to see what the others made. about: what `read_about` is to give back (JSON).
    """

    def __init__(self, path, minutes=10.0, about=None):
        self.path, self.minutes, self.about = path, minutes, about

    def save(self, trainer):
        save_training(self.path, trainer, self.about)
        self.saved = time.monotonic()

    on_fit_start = on_epoch_end = on_pause = save

    def on_step_end(self, trainer):
        if time.monotonic() - self.saved >= 60 * self.minutes:
            self.save(trainer)


def save_training(path, trainer, about=None):
    """Write all that the next step depends on to one file: weights, optimizer, random streams, position, history and
    what the callbacks remember; `about` stands beside it.

    OSError where it cannot be written; FloatingPointError where a number of it is no longer finite. Then the file that
    was there is still there.
    """
    arrays, meta = _state(trainer)
    try:
        save_arrays(path, arrays, {**meta, "about": about})
    except FloatingPointError as error:
        raise FloatingPointError(f"step {trainer.step}: {error}") from None


def resume_training(path, trainer):
    """Put it back into a trainer that was built the same way; the next `fit` goes on from there.

    CheckpointError where the file is damaged or holds another training; then nothing has changed.
    """
    arrays, meta = _load(path)
    optimizer = trainer.optimizer
    try:
        if optimizer.state is None and meta["optimizer"]["numbers"]["iter"]:
            optimizer.prepare(remove_duplicate(trainer.model.params, trainer.model.grads)[0])
        own, built = _state(trainer)
        _check_same(path, _form(own, built), _form(arrays, meta))
        running = None if meta["running"] is None else Running(**meta["running"])
        epoch, step = meta["position"]["epoch"], meta["position"]["step"]
        history, loss_list = list(meta["history"]), list(meta["loss_list"])
        memories = [
            (kept["memory"], [arrays[f"callback.{i}.{k}"] for k in range(kept["arrays"])])
            for i, kept in enumerate(meta["callbacks"])
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: its contents do not fit each other: {error!r}") from None
    for name, a in _arrays(trainer):
        a[...] = arrays[name]
    vars(optimizer).update(meta["optimizer"]["numbers"])
    for name, rng in _streams(trainer):
        rng.bit_generator.state = meta["streams"][name]
    trainer.epoch, trainer.step, trainer.running = epoch, step, running
    trainer.history[:], trainer.loss_list[:] = history, loss_list
    for callback, (memory, kept) in zip(_remembering(trainer), memories):
        callback.remember(memory, kept)


def read_about(path):
    """-> what `save_training` was given as `about`, and the manifest of the arrays (docs/checkpoint.md).

    CheckpointError where the file is damaged or of another kind.
    """
    found = {}
    _load(path, found.update)
    return found["meta"].get("about"), found["arrays"]


def _load(path, into=None):
    arrays, meta = load_checkpoint(path, into)
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        raise CheckpointError(f"{path}: expected a {KIND}, got another kind of checkpoint")
    return arrays, meta


def _arrays(trainer):
    """(name, array) of the weights, frozen ones too, and of the optimizer's memory."""
    model = trainer.model
    weights = model.weights() if hasattr(model, "weights") else dict(enumerate(model.params))
    for name, w in weights.items():
        yield f"weight.{name}", w
    for slot, memory in (trainer.optimizer.state or {}).items():
        for i, m in enumerate(memory):
            yield f"optimizer.{slot}.{i}", m


def _state(trainer):
    """-> arrays by name, and a dict that JSON can hold."""
    arrays, callbacks = dict(_arrays(trainer)), []
    for i, callback in enumerate(_remembering(trainer)):
        memory, kept = callback.memory()
        callbacks.append({"name": type(callback).__name__, "memory": memory, "arrays": len(kept)})
        arrays |= {f"callback.{i}.{k}": a for k, a in enumerate(kept)}
    running = trainer.running
    return arrays, {
        "kind": KIND,
        "optimizer": {"name": type(trainer.optimizer).__name__, "numbers": _numbers(trainer.optimizer)},
        "streams": {name: _plain(rng.bit_generator.state) for name, rng in _streams(trainer)},
        "position": {"epoch": trainer.epoch, "step": trainer.step},
        "running": None if running is None else {**asdict(running), "stream": _plain(running.stream)},
        "history": trainer.history,
        "loss_list": trainer.loss_list,
        "callbacks": callbacks,
    }


def _form(arrays, meta):
    """What two trainings must have in common, by name: {"weight.embed.W": "float32 (12, 4)", ...}."""
    own = {name: a for name, a in arrays.items() if not name.startswith("callback.")}
    return {
        "optimizer": " ".join([meta["optimizer"]["name"], *meta["optimizer"]["numbers"]]),
        "callbacks that remember": " ".join(callback["name"] for callback in meta["callbacks"]),
        **{f"stream {name}": state["bit_generator"] for name, state in meta["streams"].items()},
        **{name: f"{a.dtype} {a.shape}" for name, a in own.items()},
    }


def _check_same(path, built, saved):
    for part in {**built, **saved}:
        wanted, came = built.get(part, "none"), saved.get(part, "none")
        if wanted != came:
            raise CheckpointError(f"{path}: expected a training with {part}: {wanted}, got {came}")


def _numbers(optimizer):
    """The rate, the count of steps and whatever else is a plain number in it."""
    return {name: value for name, value in vars(optimizer).items() if isinstance(value, (int, float))}


def _remembering(trainer):
    """The callbacks that have something to remember; those that only show or write may come and go."""
    return [c for c in trainer.callbacks or [] if type(c).memory is not Callback.memory]


def _streams(trainer):
    """(name, Generator) of all that training draws from: the order's, then whatever attributes, lists and dicts of the
    model and the optimizer lead to, however deep.
    """
    waiting = [("optimizer", trainer.optimizer), ("model", trainer.model), ("order", trainer.rng)]
    seen = set()
    while waiting:
        name, thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.random.Generator):
            yield name, thing
            continue
        if isinstance(thing, (list, tuple)):
            inside = list(enumerate(thing))
        else:
            inside = list((thing if isinstance(thing, Mapping) else getattr(thing, "__dict__", {})).items())
        waiting.extend((f"{name}.{key}", value) for key, value in reversed(inside))


def _plain(state):
    """The state of a bit generator with lists for its arrays, as JSON can hold it."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
