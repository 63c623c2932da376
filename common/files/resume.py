"""Training that can continue in another process: all that its next step depends on, in one checkpoint, and back.

Trainer(model, optimizer, [Checkpoint("last.npz")]).fit(x, t, max_epoch=10)  # stops in its fifth epoch, say
trainer = Trainer(model, optimizer, [Checkpoint("last.npz")])  # built again in the same way
resume_training("last.npz", trainer)
trainer.fit(x, t, max_epoch=6)  # the same bits as 10 epochs in one go, on the same machine, BLAS and number of threads
"""

import copy
import math
import os
import time
from collections.abc import Mapping
from types import FunctionType, ModuleType

import numpy as np

from common.arrays.checks import as_number, described, plain_number
from common.arrays.global_random import GlobalRandom
from common.arrays.tied_weights import TiedWeights
from common.files import saved_training as checks
from common.files.checkpoint import CheckpointError, load_checkpoint, nowhere, save_arrays
from common.files.held_folder import check_stays
from common.files.saved_callbacks import load_callbacks, with_state
from common.files.saved_training import plain
from common.training.callback import Callback
from common.training.scoring import Running

KIND = "sentifish training"
WEIGHT = "weight."  # before the names of the model's weights
PASSING = ("callback.", "running.")  # arrays that are there at some steps and not at others


class _OtherTraining(ValueError):
    """A training that is in order, and not this one."""


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
    """Write all that the next step depends on, and `about` (JSON), to one file or binary stream.

    OSError where it cannot be written, FloatingPointError where a number in it is no longer finite; then a former file
    is still there.
    """
    arrays, meta = _state(trainer)
    try:
        save_arrays(path, arrays, {**meta, "about": plain(about)})
    except FloatingPointError as error:
        raise FloatingPointError(f"step {trainer.step}: {error}") from None


def resume_training(path, trainer):
    """Load it into a trainer that was built in the same way; the next `fit` continues from there.

    CheckpointError where the file is damaged or holds another training; then nothing has changed.
    """
    if not isinstance(path, (str, os.PathLike)) and not hasattr(path, "seek"):
        expected = "expected the path of a checkpoint, then a trainer"
        raise ValueError(f"resume_training: {expected}, got {described(path)}")
    arrays, meta = _load(path, lambda content: _check_sizes(trainer, content["meta"], content["arrays"]))
    try:
        saved = _as_saved(trainer, arrays, meta)
        load_callbacks(saved, arrays, meta["callbacks"])
    except Exception as error:  # a callback of one's own may raise anything
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        why = why if isinstance(error, _OtherTraining) else f"its contents do not fit each other: {why}"
        why = "".join(c if c.isprintable() else " " for c in why[:400])
        raise CheckpointError(f"{path}: {why}") from None
    trainer.optimizer.state = saved.optimizer.state
    for name, a in _arrays(trainer).items():
        a[...] = np.asarray(arrays[name], like=a)
    vars(trainer.optimizer).update({name: vars(saved.optimizer)[name] for name in meta["optimizer"]["numbers"]})
    for rng, stream in _streams_of(trainer, meta["streams"]):
        rng.bit_generator.state = stream
    trainer.epoch, trainer.step, trainer.running = saved.epoch, saved.step, saved.running
    trainer.history[:], trainer.loss_list[:] = saved.history, saved.loss_list


def _as_saved(trainer, arrays, meta):
    """A copy of the trainer as far on as the file, its weights, streams and callbacks not yet loaded, after all checks.

    ValueError for what cannot be.
    """
    saved, optimizer = copy.copy(trainer), copy.copy(trainer.optimizer)
    saved.optimizer = optimizer
    if optimizer.state is None and meta["optimizer"]["numbers"].get("iter"):
        tied = TiedWeights(trainer.model.params)
        optimizer.prepare(tied.unique, tied.sum_grads(trainer.model.grads))
    _check_same(_form(*_state(saved)), _form(arrays, meta))
    for rng, stream in _streams_of(saved, meta["streams"]):
        checks.check_stream("streams", rng, stream)
    checks.set_numbers(optimizer, meta["optimizer"]["numbers"])
    checks.check_optimizer_arrays(optimizer, arrays)
    saved.epoch, saved.step = meta["position"]["epoch"], meta["position"]["step"]
    saved.history, saved.loss_list = meta["history"], meta["loss_list"]
    saved.running = None if meta["running"] is None else Running(**meta["running"])
    if saved.running is not None:
        saved.running.order = arrays.get("running.order")
        if "running.labels" not in arrays and saved.running.steps and trainer.metrics:
            got = "an unfinished epoch of a training without metrics"
            raise _OtherTraining(f"expected a training with metrics {', '.join(trainer.metrics)}, got {got}")
        checks.check_running(saved, arrays)
        if "running.labels" in arrays:
            saved.running.collected = [(arrays["running.scores"], arrays["running.labels"])]
    checks.check_position(saved)
    return saved


def read_about(path):
    """-> the `about` that `save_training` was given, and the manifest of the arrays (docs/checkpoint.md).

    CheckpointError where the file is damaged or of another kind.
    """
    found = {}
    _load(path, lambda content: found.update(content) or nowhere(content["arrays"]))
    return found["meta"].get("about"), found["arrays"]


def _check_sizes(trainer, meta, manifest):
    """ValueError, before any array is read, where the form is another, the weights are other ones, or not as many
    numbers as the optimizer's state has stand beside them; -> None.
    """
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        return
    optimizer, saved = trainer.optimizer, {entry["name"]: entry for entry in manifest}
    try:
        checks.check_meta(meta, saved)
    except ValueError as error:
        raise ValueError(f"its contents do not fit each other: {error}") from None
    for name, w in _weights(trainer.model).items():
        expected, entry = f"{w.dtype} {w.shape}", saved.get(name)
        got = "none" if entry is None else f"{np.dtype(entry['dtype'])} {tuple(entry['shape'])}"
        if expected != got:
            raise ValueError(f"expected a training with {name}: {expected}, got {got}")
    if optimizer.state is None and meta["optimizer"]["numbers"].get("iter"):
        expected = len(optimizer.slots) * sum(p.size for p in TiedWeights(trainer.model.params).unique)
        got = sum(math.prod(entry["shape"]) for name, entry in saved.items() if name.startswith("optimizer."))
        if got < expected:
            name = type(optimizer).__name__
            raise ValueError(f"expected a training with the state of {name}, {expected:,} numbers, got {got:,}")


def _load(path, into=None):
    arrays, meta = load_checkpoint(path, into)
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        raise CheckpointError(f"{path}: expected a {KIND}, got another kind of checkpoint")
    return arrays, meta


def _arrays(trainer):
    """The weights, frozen ones too, and the optimizer's state, by name."""
    state = (trainer.optimizer.state or {}).items()
    return _weights(trainer.model) | {
        f"optimizer.{slot}.{i}": a for slot, arrays in state for i, a in enumerate(arrays)
    }


def _weights(model):
    weights = model.weights() if hasattr(model, "weights") else dict(enumerate(model.params))
    return {f"{WEIGHT}{name}": w for name, w in weights.items()}


def _state(trainer):
    """-> arrays by name, and a dict that JSON can hold."""
    arrays, callbacks, optimizer = _arrays(trainer), [], trainer.optimizer
    numbers = {name: plain_number(value) for name, value in vars(optimizer).items()}
    numbers = {name: number for name, number in numbers.items() if type(number) in (int, float)}
    for i, callback in enumerate(with_state(trainer)):
        values, callback_arrays = callback.state()
        callbacks.append({"name": type(callback).__name__, "memory": plain(values), "arrays": len(callback_arrays)})
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
        "streams": {name: plain(rng.bit_generator.state) for name, rng in _streams(trainer)},
        "position": {"epoch": trainer.epoch, "step": trainer.step},
        "running": plain(running),
        "history": plain(trainer.history),
        "loss_list": plain(trainer.loss_list),
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


def _streams_of(trainer, saved):
    """(Generator, state) for each that training draws from: by name, or by order where a model is held by another."""
    own = list(_streams(trainer))
    by_name = {name for name, _ in own} == set(saved)
    return [(rng, saved[name] if by_name else state) for (name, rng), state in zip(own, saved.values(), strict=True)]


def _check_same(built, saved):
    """Weights by name; random generators by kind and order: a model that another holds has longer names for them."""
    generators = [[form[part] for part in form if part.startswith("stream ")] for form in (built, saved)]
    for part in {**built, **saved}:
        expected, got = built.get(part, "none"), saved.get(part, "none")
        if expected != got and not (part.startswith("stream ") and generators[0] == generators[1]):
            raise _OtherTraining(f"expected a training with {part}: {expected}, got {got}")


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
