"""A Trainer for models that keep their state from step to step: the examples stay in their order.

    # rows (S N, T): S steps of N rows, each of which goes on where that of the step before ended
    StreamTrainer(model, Adam(), [StreamState(model.recurrent), ...]).fit(rows, following, batch_size=N)

`RnnlmTrainer` is the book's; this one takes what `Trainer` takes, validation included, and resumes to the bit.
"""

import numpy as np

from common.arrays.forms import check_arrays, check_form
from common.trainer import Trainer
from common.training.callback import Callback


class StreamTrainer(Trainer):
    """`Trainer`, in whose epochs every example keeps its place."""

    def _batches_left(self, x, batch_size):
        N = self.running.num_examples
        starts = range(self.running.steps * batch_size, N, batch_size)
        return [np.arange(start, min(start + batch_size, N)) for start in starts]


class StreamState(Callback):
    """Begins every epoch with states of zero, and hands those in the middle of one to a checkpoint, and back.

    layers: recurrent ones, `stateful`. It stands before `Checkpoint`.
    """

    def __init__(self, layers):
        self.layers = layers

    def on_epoch_start(self, trainer):
        for layer in self.layers:
            layer.reset_state()

    on_epoch_end = on_epoch_start  # what read the validation part is no state of training

    def state(self):
        """The states that there are, (N, H) each, copied: a resumed training goes on in the middle of a text."""
        names = [[name for name in layer.states if getattr(layer, name) is not None] for layer in self.layers]
        found = [getattr(layer, name).copy() for layer, some in zip(self.layers, names) for name in some]
        return {"names": names}, found

    def check_state(self, values, arrays, trainer):
        """States of the layers, in their order, each (N, H). N divides the batch, which a model may share out."""
        name, known = "callback StreamState", [list(layer.states) for layer in self.layers]
        check_form(name, values, {"names": [[str]]})
        if [[n for n in of if n in some] for of, some in zip(known, values["names"])] != values["names"]:
            raise ValueError(f"{name}: expected states of {known} as names, got others")
        N = len(arrays[0]) if arrays and arrays[0].ndim else 0
        if arrays and not (N and (trainer.running is None or trainer.running.batch_size % N == 0)):
            raise ValueError(f"{name}: expected states of rows of a batch, got {N}")
        weights = [layer.params[1] for layer, some in zip(self.layers, values["names"]) for _ in some]  # Wh (H, ...)
        check_arrays(name, arrays, [np.broadcast_to(np.zeros((), W.dtype), (N, len(W))) for W in weights])

    def load_state(self, values, arrays):
        arrays = iter(arrays)
        for layer, names in zip(self.layers, values["names"]):
            layer.reset_state()
            for name in names:
                setattr(layer, name, next(arrays))
