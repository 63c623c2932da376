"""Training that can continue in another process: all that its next step depends on, in one checkpoint, and back.

Trainer(model, optimizer, [Checkpoint("last.npz")]).fit(x, t, max_epoch=10)  # stops in its fifth epoch, say
trainer = Trainer(model, optimizer, [Checkpoint("last.npz")])  # built again in the same way
resume_training("last.npz", trainer)
trainer.fit(x, t, max_epoch=6)  # the same bits as 10 epochs in one go, on the same machine, BLAS and number of threads
"""

import os
import time
from collections.abc import Mapping
from types import FunctionType, ModuleType

import numpy as np

from common.arrays.checks import as_number, described, plain_number
from common.arrays.global_random import GlobalRandom
from common.arrays.tied_weights import TiedWeights
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.files.held_folder import check_stays
from common.training.callback import Callback
from common.training.scoring import Running

KIND = "sentifish training"
PASSING = ("callback.", "running.")  # arrays that are there at some steps and not at others


class Checkpoint(Callback):
    """Saves the training to `path`: before its first step, at the end of every epoch, where it stops in the middle of
    one, and after a step when `minutes` have passed since the last time.

    It comes last in the list, so that it saves what the other callbacks did. about: JSON, for `read_about`.
    """

    def __init__(self, path, minutes=10.0, about=None):
        if not isinstance(path, (str, os.PathLike)):
            raise ValueError(f"Checkpoint: expected the path of a file, got {described(path)}")
        self.path, self.about = path, about
        self.minutes = as_number(self, "minutes", minutes, least=0, finite=False)

    def save(self, trainer):
        save_training(self.path, trainer, self.about)
        self.saved = time.monotonic()
        check_stays(os.path.dirname(self.path))

    on_fit_start = on_epoch_end = on_pause = save

    def on_step_end(self, trainer):
        if time.monotonic() - self.saved >= 60 * self.minutes:
            self.save(trainer)


def save_training(path, trainer, about=None):
    """Write all that the next step depends on, and `about` (JSON), to one file.

    OSError where it cannot be written, FloatingPointError where a number in it is no longer finite; then a former file
    is still there.
    """
    arrays, meta = _state(trainer)
    try:
        save_arrays(path, arrays, {**meta, "about": _plain(about)})
    except FloatingPointError as error:
        raise FloatingPointError(f"step {trainer.step}: {error}") from None


def resume_training(path, trainer):
    """Load it into a trainer that was built in the same way; the next `fit` continues from there.

    CheckpointError where the file is damaged or holds another training; then nothing has changed.
    """
    if not isinstance(path, (str, os.PathLike)):
        expected = "expected the path of a checkpoint, then a trainer"
        raise ValueError(f"resume_training: {expected}, got {described(path)}")
    arrays, meta = _load(path)
    optimizer = trainer.optimizer
    try:
        if optimizer.state is None and meta["optimizer"]["numbers"]["iter"]:
            tied = TiedWeights(trainer.model.params)
            optimizer.prepare(tied.unique, tied.sum_grads(trainer.model.grads))
        own, built = _state(trainer)
        streams = list(meta["streams"].values())
        _check_same(path, _form(own, built), _form(arrays, meta))
        running = None if meta["running"] is None else Running(**meta["running"])
        if running is not None and "running.labels" in arrays:
            running.collected = [(arrays["running.scores"], arrays["running.labels"])]
        elif running is not None and running.steps and trainer.metrics:
            got = "an unfinished epoch of a training without metrics"
            raise CheckpointError(f"{path}: expected a training with metrics {', '.join(trainer.metrics)}, got {got}")
        if running is not None:
            running.order = arrays.get("running.order")
        epoch, step = meta["position"]["epoch"], meta["position"]["step"]
        history, loss_list = list(meta["history"]), list(meta["loss_list"])
        example = next(iter(trainer.model.params), None)  # on the GPU, the callbacks' weights are there, too
        states = [
            (saved["memory"], [np.asarray(arrays[f"callback.{i}.{k}"], like=example) for k in range(saved["arrays"])])
            for i, saved in enumerate(meta["callbacks"])
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: its contents do not fit each other: {error!r}") from None
    for name, a in _arrays(trainer).items():
        a[...] = np.asarray(arrays[name], like=a)
    vars(optimizer).update(meta["optimizer"]["numbers"])
    for (_, rng), stream in zip(_streams(trainer), streams, strict=True):
        rng.bit_generator.state = stream
    trainer.epoch, trainer.step, trainer.running = epoch, step, running
    trainer.history[:], trainer.loss_list[:] = history, loss_list
    for callback, (values, callback_arrays) in zip(_with_state(trainer), states, strict=True):
        callback.load_state(values, callback_arrays)


def read_about(path):
    """-> the `about` that `save_training` was given, and the manifest of the arrays (docs/checkpoint.md).

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
    """The weights, frozen ones too, and the optimizer's state, by name."""
    model = trainer.model
    weights = model.weights() if hasattr(model, "weights") else dict(enumerate(model.params))
    state = (trainer.optimizer.state or {}).items()
    return {f"weight.{name}": w for name, w in weights.items()} | {
        f"optimizer.{slot}.{i}": a for slot, arrays in state for i, a in enumerate(arrays)
    }


def _state(trainer):
    """-> arrays by name, and a dict that JSON can hold."""
    arrays, callbacks, optimizer = _arrays(trainer), [], trainer.optimizer
    numbers = {name: plain_number(value) for name, value in vars(optimizer).items()}
    numbers = {name: number for name, number in numbers.items() if type(number) in (int, float)}
    for i, callback in enumerate(_with_state(trainer)):
        values, callback_arrays = callback.state()
        callbacks.append({"name": type(callback).__name__, "memory": _plain(values), "arrays": len(callback_arrays)})
        arrays |= {f"callback.{i}.{k}": a for k, a in enumerate(callback_arrays)}
    running = None if trainer.running is None else dict(vars(trainer.running))
    if running is not None:
        order, collected = running.pop("order"), running.pop("collected")
        if order is not None:
            arrays["running.order"] = order
        if collected:
            arrays |= zip(("running.scores", "running.labels"), map(np.concatenate, zip(*collected)))
    return arrays, {
        "kind": KIND,
        "optimizer": {"name": type(optimizer).__name__, "numbers": numbers},  # the rate, the steps, the constants
        "streams": {name: _plain(rng.bit_generator.state) for name, rng in _streams(trainer)},
        "position": {"epoch": trainer.epoch, "step": trainer.step},
        "running": _plain(running),
        "history": _plain(trainer.history),
        "loss_list": _plain(trainer.loss_list),
        "callbacks": callbacks,
    }


def _form(arrays, meta):
    """What two trainings must have in common, by name: {"weight.embed.W": "float32 (12, 4)", ...}."""
    return {
        "optimizer": " ".join([meta["optimizer"]["name"], *meta["optimizer"]["numbers"]]),
        "callbacks with state": " ".join(callback["name"] for callback in meta["callbacks"]),
        **{f"stream {name}": state["bit_generator"] for name, state in meta["streams"].items()},
        **{name: f"{a.dtype} {a.shape}" for name, a in arrays.items() if not name.startswith(PASSING)},
    }


def _check_same(path, built, saved):
    """Weights by name; random generators by kind and order: a model that another holds has longer names for them."""
    generators = [[form[part] for part in form if part.startswith("stream ")] for form in (built, saved)]
    for part in {**built, **saved}:
        expected, got = built.get(part, "none"), saved.get(part, "none")
        if expected != got and not (part.startswith("stream ") and generators[0] == generators[1]):
            raise CheckpointError(f"{path}: expected a training with {part}: {expected}, got {got}")


def _with_state(trainer):
    """The callbacks that have a state; those that only print or write may be others in each process."""
    return [c for c in trainer.callbacks or [] if type(c).state is not Callback.state]


def _streams(trainer):
    """(name, Generator) of all that training draws from: that of the order, and what attributes, lists and dicts of the
    model and the optimizer lead to; NumPy's global random state is among them where one of these draws from it.
    """
    waiting = [("optimizer", trainer.optimizer), ("model", trainer.model), ("order", trainer.rng)]
    seen = set()
    while waiting:
        name, thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(thing))
        if isinstance(thing, (np.random.Generator, GlobalRandom)):
            yield name, thing
            continue
        if isinstance(thing, (list, tuple)):
            thing = dict(enumerate(thing))
        inside = thing if isinstance(thing, Mapping) else getattr(thing, "__dict__", {})
        waiting.extend((f"{name}.{key}", value) for key, value in reversed(list(inside.items())))


def _plain(value):
    """The same as JSON can hold it: with Python numbers for those of NumPy, and lists for arrays."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
