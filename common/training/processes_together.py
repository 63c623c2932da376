"""Training on several processes of one machine: `Trainer(model, optimizer, processes=2)`.

The process that trains starts copies of itself, which follow it: in each of its forwards and backwards they take their
rows of the batch (`parallel.DataParallel`). It alone takes the steps, calls the callbacks and writes files, so that
stopping, resuming and errors are those of a single process.
"""

from contextlib import contextmanager

import numpy as np

from common import cores
from common.arrays.row_grad import touched_rows
from common.base_model import layers_below
from common.optimizer import Optimizer
from common.training.parallel import DataParallel
from common.training.shared_memory import SharedMemory, room_for


class ProcessesTogether(DataParallel):
    """Any model, trained by this process and `size` - 1 copies of it, which its first forward starts.

    Before each forward the followers are given the weights that may have changed: all of them when training mode was
    switched, which an epoch begins and ends with; after a step, of a parameter whose gradient knows its touched rows,
    these. every_weight: all of them always, where others than an optimizer of `common.optimizer` write between steps.
    """

    def __init__(self, model, size, every_weight=False):
        if stateful := [type(layer).__name__ for _, layer in layers_below(model) if getattr(layer, "stateful", False)]:
            expected = "layers that keep no state from batch to batch, for several processes"
            raise ValueError(f"Trainer.fit: expected {expected}, got a stateful {stateful[0]}")
        # Twice the size: gradients of several dtypes are summed in the widest. And an id of 8 bytes for each row.
        room = sum(room_for(2 * p.nbytes) + room_for(8 * (len(p) if p.ndim else 1)) for p in model.params)
        super().__init__(model, SharedMemory(size, room))
        self.every_weight, self.stale = every_weight, True

    def train(self, flag=True):
        super().train(flag)
        self.stale = True

    def forward(self, xs, ts, sample_weight=None):
        if not self.comm.followers:
            self.comm.start(self.follow)
        everything = self.stale or self.every_weight
        rows = [None if everything else touched_rows(g) for g in self.grads]
        for p, touched in zip(self.params, rows):
            self.comm.Bcast(p if touched is None else p.take(touched, axis=0))
        streams = [layer.rng.bit_generator.state for layer in self.drawing] if everything else None
        self.comm.order("forward", rows, self.training, streams, xs, ts, sample_weight)
        self.stale = False
        return super().forward(xs, ts, sample_weight)

    def backward(self):
        self.comm.order("backward")
        super().backward()

    def follow(self):
        """In a follower: do as the leader does, until it is gone."""
        while True:
            what, *given = self.comm.next_order()
            if what == "backward":
                super().backward()
                continue
            rows, training, streams, *batch = given
            for p, touched in zip(self.params, rows):
                values = np.empty_like(p if touched is None else p[: len(touched)])
                self.comm.Bcast(values)
                p[... if touched is None else touched] = values
            if training != self.training:
                self.train(training)
            for layer, stream in zip(self.drawing, streams or ()):
                layer.rng.bit_generator.state = stream
            super().forward(*batch)


@contextmanager
def together(trainer, processes):
    """Inside, the model of a Trainer is trained by so many processes; then it is as it was."""
    if processes == 1:
        yield
        return
    known = type(trainer.optimizer).update is Optimizer.update
    known = known and all(type(c).__module__.startswith("common.") for c in trainer.callbacks or ())
    model, trainer.model = trainer.model, ProcessesTogether(trainer.model, processes, not known)
    before, cores.shared_by = cores.shared_by, processes
    try:
        yield
    finally:
        trainer.model.comm.close()
        trainer.model.release()
        trainer.model, cores.shared_by = model, before
