"""Training on several processes that share every batch: data parallelism, in one step for all.

Every rank (one of the processes) holds the whole model and reads its own rows of each batch. Losses and gradients are
summed over the ranks, so that the step is the one that a single process would take. The Trainer needs no change: it is
given a model that works this way. What carries the sums is a communicator: of one machine's processes
(`shared_memory`), or of MPI's (`mpi`).
"""

import math
import zlib

import numpy as np

from common.arrays.examples import num_examples, parts, take
from common.arrays.global_random import GLOBAL, GlobalRandom
from common.arrays.row_grad import plain, sum_rows, touched_rows
from common.base_model import WrappedModel, layers_below
from common.training.callbacks import StopOnSignal
from common.training.scoring import as_loss, counted

FEWEST = 512  # draws for a row, from which on skipping others costs less than drawing them


class DataParallel(WrappedModel):
    """Any model, trained by all ranks of a communicator together; to be given to a `Trainer` in its place.

    comm: of `mpi.world()`, or any object with an mpi4py communicator's rank, size, allgather, Bcast, Allreduce and
    Allgatherv. The weights become those of rank 0. The loss, `scores` and `grads` are those of the whole batch, and
    layers that draw with their `rng.random` (dropout) draw for all of it, as they would in one process. ValueError
    where ranks were given different batches.
    """

    def __init__(self, model, comm):
        super().__init__(model)
        self.comm, self.rows = comm, None  # rows: of this rank, during a forward
        if alone := [type(m).__name__ for m in (model, getattr(model, "model", None)) if hasattr(m, "one_process")]:
            raise ValueError(f"DataParallel: expected a model whose batches can be shared, got {alone[0]}")
        if not all(isinstance(p, np.ndarray) for p in self.params):
            raise ValueError("DataParallel: expected weights in NumPy arrays, got some on a GPU: it is one process's")
        for w in self.weights().values():
            comm.Bcast(w, root=0)
        self.drawing = []  # layers with a generator
        for _, layer in layers_below(self):
            rng = getattr(layer, "rng", None)
            if isinstance(rng, np.random.Generator) or rng is GLOBAL:
                self.drawing.append(layer)
                layer.rng = GlobalRowsOfBatch(self) if rng is GLOBAL else RowsOfBatch(rng, self)

    def release(self):
        """Leave the model as it was: its layers draw for themselves."""
        for layer in self.drawing:
            layer.rng = layer.rng.whole

    def forward(self, xs, ts, sample_weight=None):
        N, size = num_examples(xs), self.comm.size
        rows = np.arange(self.comm.rank, N, size)  # every size-th: sorted lengths are spread evenly over the ranks
        self.batch, self.rows = N, rows if len(rows) else np.zeros(1, int)  # a rank without rows reads one of weight 0
        weighted = {} if sample_weight is None else {"sample_weight": sample_weight[self.rows]}
        try:
            loss = as_loss(self.model, self.model.forward(take(xs, self.rows), ts[self.rows], **weighted))
        finally:
            self.rows = None
        scores, mask = (getattr(self.model, name, None) for name in ("scores", "step_mask"))
        found = counted(self.model, ts[rows if len(rows) else [0]])
        count = 0 if len(rows) == 0 else len(rows) if found is None else len(found[1])
        checksum = zlib.crc32(b"".join(np.ascontiguousarray(part).tobytes() for part in parts(xs)))
        gathered = self.comm.allgather((checksum, loss, count, scores, mask))
        checksums, losses, counts, scores, masks = zip(*gathered)
        if len(set(checksums)) > 1:
            raise ValueError("DataParallel: expected the same batch on every rank (the same seed), got different ones")
        shares = [count / max(sum(counts), 1) for count in counts]
        self.share = shares[self.comm.rank]
        self.scores, self.step_mask = self._of_batch(scores), self._of_batch(masks)
        return sum(share * loss for share, loss in zip(shares, losses))

    def _of_batch(self, of_ranks):
        """The rows of all ranks in the order of the batch; None where there are none."""
        if of_ranks[0] is None:
            return None
        rows = np.empty((self.batch, *of_ranks[0].shape[1:]), of_ranks[0].dtype)
        for rank, part in enumerate(of_ranks[: self.batch]):
            rows[rank :: len(of_ranks)] = part
        return rows

    def backward(self):
        self.model.backward()
        dense = [g for g in self.grads if touched_rows(g) is None]
        if dense:
            own = np.concatenate([np.ravel(g) for g in dense])
            own *= self.share
            total = np.empty_like(own)
            self.comm.Allreduce(own, total)
            for g, part in zip(dense, np.split(total, np.cumsum([g.size for g in dense])[:-1])):
                g[...] = part.reshape(g.shape)
        for g in self.grads:
            if touched_rows(g) is not None:
                self._sum_rows(g)

    def _sum_rows(self, grad):
        """The rows that any rank touched, each the sum over the ranks."""
        rows = touched_rows(grad)
        values = plain(grad)[rows] * grad.dtype.type(self.share)  # (K, D)
        counts = self.comm.allgather(len(rows))
        all_rows = np.empty(sum(counts), rows.dtype)
        all_values = np.empty((sum(counts), grad.shape[1]), grad.dtype)
        self.comm.Allgatherv(rows, (all_rows, counts))
        self.comm.Allgatherv(values, (all_values, [count * grad.shape[1] for count in counts]))
        grad.write(*sum_rows(all_rows, all_values))


class RowsOfBatch(np.random.Generator):
    """Draws for all rows of a batch and returns those of this rank, so that all ranks' generators stay in step.

    Outside of a `forward` of DataParallel it is as any other: the model may be used alone, too. PCG64, the generator of
    `default_rng`, skips the rows of other ranks.
    """

    def __init__(self, rng, parallel):
        super().__init__(rng.bit_generator)
        self.whole, self.parallel = rng, parallel

    def random(self, size, dtype=np.float64):
        if self.parallel.rows is None or not (draws := self._draws_of_a_row(size, dtype)):
            return _rows_of(self.parallel, super().random, size, dtype)
        rows, place = np.empty((len(self.parallel.rows), *size[1:]), dtype), 0
        for row, numbers in zip(self.parallel.rows.tolist(), rows):
            self.bit_generator.advance((row - place) * draws)
            super().random(None, dtype, numbers)
            place = row + 1
        self.bit_generator.advance((self.parallel.batch - place) * draws)
        return rows

    def _draws_of_a_row(self, size, dtype):
        """How many times 64 bits are drawn for a row; None where rows cannot be skipped, or only at a higher cost."""
        draws, rest = divmod(math.prod(size[1:]) * np.dtype(dtype).itemsize, 8)
        if draws < FEWEST or rest or type(self.bit_generator).__name__ != "PCG64":
            return None
        return None if self.bit_generator.state["has_uint32"] else draws  # half of 64 bits, from the draw before


class GlobalRowsOfBatch(GlobalRandom):
    """`RowsOfBatch` for layers that draw from NumPy's global state."""

    whole = GLOBAL

    def __init__(self, parallel):
        self.parallel = parallel

    def random(self, size, dtype=None):
        return _rows_of(self.parallel, super().random, size, dtype)


def _rows_of(parallel, draw, size, dtype):
    if parallel.rows is None:
        return draw(size, dtype)
    return draw((parallel.batch, *size[1:]), dtype)[parallel.rows]


class StopTogether(StopOnSignal):
    """A signal to any rank ends training on all of them after the same step. It comes before `Checkpoint`."""

    def __init__(self, comm, signals):
        super().__init__(signals)
        self.comm, self.reason = comm, None

    def stop(self, reason):
        self.reason = reason

    def on_fit_start(self, trainer):
        self.reason = None
        super().on_fit_start(self)  # the signal stops this, and this stops the trainer

    def on_step_end(self, trainer):
        reasons = [reason for reason in self.comm.allgather(self.reason) if reason]
        if reasons:
            trainer.stop(reasons[0])
