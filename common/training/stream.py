"""A Trainer for models that keep their state from step to step: the examples stay in their order.

    # rows (S N, T): S steps of N rows, each of which goes on where that of the step before ended
    StreamTrainer(model, Adam(), [StreamState(model.recurrent), ...]).fit(rows, following, batch_size=N)

`RnnlmTrainer` is the book's; this one takes what `Trainer` takes, validation included, and resumes to the bit.
"""

import numpy as np

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

    def load_state(self, values, arrays):
        arrays = iter(arrays)
        for layer, names in zip(self.layers, values["names"]):
            layer.reset_state()
            for name in names:
                setattr(layer, name, next(arrays))
