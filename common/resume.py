"""Training that can go on elsewhere: all that its next step depends on, in one checkpoint, and back.

Trainer(model, optimizer, [Checkpoint("last.npz")]).fit(x, t, max_epoch=10)  # ends after 4 epochs, say
trainer = Trainer(model, optimizer, [Checkpoint("last.npz")])  # all of it built anew, the same
resume_training("last.npz", trainer)
trainer.fit(x, t, max_epoch=6)  # the same bits as 10 at once, on the same machine, BLAS and number of threads
"""

from common.callbacks import Callback
from common.checkpoint import CheckpointError, load_checkpoint, save_arrays

KIND = "sentifish training"


class Checkpoint(Callback):
    """Saves the training to `path` at every epoch's end. It stands last in the list, to see what the others made."""

    def __init__(self, path):
        self.path = path

    def on_epoch_end(self, trainer):
        save_training(self.path, trainer)


def save_training(path, trainer):
    """Write parameters, optimizer, random streams, position, history and the callbacks' memory to one file. OSError."""
    arrays, callbacks = dict(_arrays(trainer)), []
    for i, callback in enumerate(trainer.callbacks or []):
        memory, kept = callback.memory()
        callbacks.append({"name": type(callback).__name__, "memory": memory, "arrays": len(kept)})
        arrays |= {f"callback.{i}.{k}": a for k, a in enumerate(kept)}
    meta = {
        "kind": KIND,
        "optimizer": {
            "name": type(trainer.optimizer).__name__,
            "lr": trainer.optimizer.lr,
            "iter": trainer.optimizer.iter,
        },
        "streams": [rng.bit_generator.state for rng in _streams(trainer)],
        "position": {"epoch": trainer.epoch, "step": trainer.step},
        "history": trainer.history,
        "callbacks": callbacks,
    }
    save_arrays(path, arrays, meta)


def resume_training(path, trainer):
    """Put it back into a trainer that was built the same way; the next `fit` goes on from there.

    CheckpointError where the file is damaged or holds another training; then nothing has changed.
    """
    arrays, meta = load_checkpoint(path)
    optimizer, callbacks = trainer.optimizer, trainer.callbacks or []
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        raise CheckpointError(f"{path}: expected a {KIND}, got another kind of checkpoint")
    if optimizer.state is None and meta["optimizer"]["iter"]:
        optimizer.prepare(trainer.model.params)
    built = [type(optimizer).__name__, len(list(_streams(trainer))), *(type(c).__name__ for c in callbacks)]
    saved = [meta["optimizer"]["name"], len(meta["streams"]), *(c["name"] for c in meta["callbacks"])]
    own = dict(_arrays(trainer))
    shapes = {name: a.shape for name, a in own.items()}
    came = {name: a.shape for name, a in arrays.items() if not name.startswith("callback.")}
    if built != saved or shapes != came:
        raise CheckpointError(f"{path}: expected a training of {built} and {shapes}, got {saved} and {came}")
    for name, a in own.items():
        a[...] = arrays[name]
    optimizer.lr, optimizer.iter = meta["optimizer"]["lr"], meta["optimizer"]["iter"]
    for rng, state in zip(_streams(trainer), meta["streams"]):
        rng.bit_generator.state = state
    trainer.epoch, trainer.step = meta["position"]["epoch"], meta["position"]["step"]
    trainer.history[:] = meta["history"]
    for i, (callback, kept) in enumerate(zip(callbacks, meta["callbacks"])):
        callback.remember(kept["memory"], [arrays[f"callback.{i}.{k}"] for k in range(kept["arrays"])])


def _arrays(trainer):
    """(name, array) of the parameters and of the optimizer's memory."""
    for i, p in enumerate(trainer.model.params):
        yield f"param.{i}", p
    for slot, memory in (trainer.optimizer.state or {}).items():
        for i, m in enumerate(memory):
            yield f"optimizer.{slot}.{i}", m


def _streams(trainer):
    """The generators that training draws from: the trainer's own, then those of the model's layers."""
    yield trainer.rng
    for layer in getattr(trainer.model, "layers", ()):
        if hasattr(layer, "rng"):
            yield layer.rng
