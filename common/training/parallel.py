"""Training on several processes that share every batch: `mpiexec -n 2 sentifish train ...`. Data parallelism over MPI.

Every rank (one of the processes) holds the whole model and reads its own rows of each batch. Losses and gradients are
summed over the ranks, so that all of them take the same step, the one that a single process would take. The Trainer
does not know: it is given a model that works this way. mpi4py is imported only where mpiexec started several ranks.
"""

import sys
import time
import zlib

import numpy as np

from common.arrays.row_grad import plain, sum_rows, touched_rows
from common.base_model import BaseModel
from common.threads import ranks_started
from common.training.callbacks import StopOnSignal

GRACE = 2  # seconds that the first rank has to name an error before another does


def world():
    """The communicator of all ranks; None in a process that stands alone. ValueError where mpi4py does not fit."""
    started = ranks_started()
    if started < 2:
        return None
    try:
        from mpi4py import MPI
    except ImportError as error:
        told = f"mpiexec started {started} ranks: expected mpi4py (pip install 'sentifish[mpi]'), got: {error}"
        raise ValueError(told) from None
    comm = MPI.COMM_WORLD
    if comm.size != started:
        raise ValueError(f"mpiexec started {started} ranks, mpi4py sees {comm.size}: it belongs to another MPI")
    sys.excepthook = _end_with_traceback
    return comm


def end_with(line, code):
    """Say on stderr why this process cannot go on. Under MPI that ends all ranks, and what is wrong on all of them is
    said by the first alone.
    """
    try:
        comm = world()
    except ValueError:
        comm = None
    if comm is None:
        print(line, file=sys.stderr)
        return
    time.sleep(GRACE if comm.rank else 0)
    print(f"{line} (rank {comm.rank} of {comm.size}, which ends all)", file=sys.stderr, flush=True)
    comm.Abort(code)


def _end_with_traceback(*error):
    sys.__excepthook__(*error)
    end_with("an error that nobody expected", 1)


class DataParallel(BaseModel):
    """Any model, trained by all ranks of a communicator together; to be given to a `Trainer` in its place.

    comm: `world()`, or what behaves like an mpi4py communicator. The weights become those of rank 0. `forward` returns
    the mean loss of the whole batch, and `scores` are those of the whole batch; `backward` leaves the gradients of the
    whole batch in `grads`. Layers that draw with their `rng.random` (dropout) draw for the whole batch, so that they,
    too, do what they would do in one process. ValueError where ranks were given different batches.
    """

    def __init__(self, model, comm):
        super().__init__()
        self.layers, self.params, self.grads = getattr(model, "layers", []), model.params, model.grads
        self.param_names, self.frozen = getattr(model, "param_names", []), getattr(model, "frozen", {})
        self.model, self.comm = model, comm
        self.scores = None
        for w in self.weights().values():
            comm.Bcast(w, root=0)
        for layer in self.layers:
            if isinstance(getattr(layer, "rng", None), np.random.Generator):
                layer.rng = RowsOfBatch(layer.rng, self)

    def train(self, flag=True):
        self.training = flag
        if hasattr(self.model, "train"):  # the book's models know no such switch
            self.model.train(flag)

    def forward(self, xs, ts):
        N, size = len(xs), self.comm.size
        rows = np.arange(self.comm.rank, N, size)  # every size-th: lengths that are sorted are dealt out evenly
        self.share = len(rows) / N
        self.batch, self.rows = N, rows if len(rows) else np.zeros(1, int)  # who has none reads one that counts nothing
        loss = self.share * float(self.model.forward(xs[self.rows], ts[self.rows]))
        scores = getattr(self.model, "scores", None)
        told = self.comm.allgather((zlib.crc32(np.ascontiguousarray(xs)), loss, scores))
        if len({checksum for checksum, _, _ in told}) > 1:
            raise ValueError("DataParallel: expected the same batch on every rank (the same seed), got others")
        if scores is not None:
            self.scores = np.empty((N, *scores.shape[1:]), scores.dtype)
            for rank, (_, _, part) in enumerate(told[:N]):
                self.scores[rank::size] = part
        return sum(loss for _, loss, _ in told)

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
        values = plain(grad)[rows]  # (K, D)
        values *= self.share
        counts = self.comm.allgather(len(rows))
        all_rows = np.empty(sum(counts), rows.dtype)
        all_values = np.empty((sum(counts), grad.shape[1]), grad.dtype)
        self.comm.Allgatherv(rows, (all_rows, counts))
        self.comm.Allgatherv(values, (all_values, [count * grad.shape[1] for count in counts]))
        grad.write(*sum_rows(all_rows, all_values))


class RowsOfBatch(np.random.Generator):
    """Draws for all rows of a batch, and gives out those of this rank: all ranks' streams stay in step."""

    def __init__(self, rng, parallel):
        super().__init__(rng.bit_generator)
        self.parallel = parallel

    def random(self, size, dtype=np.float64):
        return super().random((self.parallel.batch, *size[1:]), dtype)[self.parallel.rows]


class StopTogether(StopOnSignal):
    """A signal that any rank hears ends training on all of them after the same step. It stands before `Checkpoint`."""

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
