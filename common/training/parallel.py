"""Training on several processes that share every batch: `mpiexec -n 2 sentifish train ...`. Data parallelism over MPI.

Every rank (one of the processes) holds the whole model and reads its own rows of each batch. Losses and gradients are
summed over the ranks, so that all of them take the same step, the one that a single process would take. The Trainer
needs no change: it is given a model that works this way. mpi4py is imported only where mpiexec started several ranks.
"""

import atexit
import sys
import time
import zlib

import numpy as np

from common.arrays.examples import num_examples, parts, take
from common.arrays.row_grad import plain, sum_rows, touched_rows
from common.base_model import WrappedModel, layers_below
from common.cores import ranks_started
from common.training.callbacks import StopOnSignal
from common.training.scoring import as_loss, counted
from common.training.terminal import write_line

GRACE = 2  # seconds that the first rank has to report an error before another does
FORWARD = 0.5  # seconds that mpiexec has to pass on what was printed: after Abort it may not


def world():
    """The communicator of all ranks; None in a process that runs alone. ValueError where mpi4py does not fit mpiexec.

    From then on, a rank that ends by an uncaught exception ends all of them, which would otherwise wait for it forever.
    """
    started = ranks_started()
    if started < 2:
        return None
    try:
        from mpi4py import MPI
    except ImportError as error:
        expected = "expected mpi4py (pip install 'sentifish[mpi]')"
        raise ValueError(f"mpiexec started {started} ranks: {expected}, got: {error}") from None
    comm = MPI.COMM_WORLD
    if comm.size != started:
        raise ValueError(f"mpiexec started {started} ranks, mpi4py sees {comm.size}: it belongs to another MPI")
    atexit.unregister(_abort_after_error)  # at most once, however often this is called
    atexit.register(_abort_after_error)
    return comm


def end_with(line, code):
    """Print to stderr why this process ends. Under MPI, end all ranks with `code`; an error that all of them have is
    printed by the first alone.
    """
    try:
        comm = world()
    except ValueError:
        comm = None
    if comm is None:
        write_line(sys.stderr, line)
        return
    time.sleep(GRACE if comm.rank else 0)
    write_line(sys.stderr, f"{line} (rank {comm.rank} of {comm.size}, which ends all)")
    time.sleep(FORWARD)
    comm.Abort(code)


def _abort_after_error():
    """At exit: the traceback of an uncaught exception is printed, and MPI_Finalize would wait for the other ranks."""
    if hasattr(sys, "last_value"):
        end_with("an unexpected error", 1)


class DataParallel(WrappedModel):
    """Any model, trained by all ranks of a communicator together; to be given to a `Trainer` in its place.

    comm: `world()`, or any object with the interface of an mpi4py communicator. The weights become those of rank 0. The
    loss, `scores` and `grads` are those of the whole batch, and layers that draw with their `rng.random` (dropout) draw
    for all of it, as they would in one process. ValueError where ranks were given different batches.
    """

    def __init__(self, model, comm):
        super().__init__(model)
        self.comm, self.rows = comm, None  # rows: of this rank, during a forward
        if alone := [type(m).__name__ for m in (model, getattr(model, "model", None)) if hasattr(m, "one_process")]:
            raise ValueError(f"DataParallel: expected a model whose batches can be shared, got {alone[0]}")
        for w in self.weights().values():
            comm.Bcast(w, root=0)
        for _, layer in layers_below(self):
            if isinstance(getattr(layer, "rng", None), np.random.Generator):
                layer.rng = RowsOfBatch(layer.rng, self)

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

    Outside of a `forward` of DataParallel it is as any other: the model may be used alone, too.
    """

    def __init__(self, rng, parallel):
        super().__init__(rng.bit_generator)
        self.parallel = parallel

    def random(self, size, dtype=np.float64):
        if self.parallel.rows is None:
            return super().random(size, dtype)
        return super().random((self.parallel.batch, *size[1:]), dtype)[self.parallel.rows]


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
