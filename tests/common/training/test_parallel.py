"""common.training.parallel: ranks that share every batch take the step of one process. Most of it runs on ranks that
are threads; the last tests start mpiexec, and skip where mpi4py is missing.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import normal
from nets_to_train import short_texts as texts
from nets_to_train import small_net as net
from thread_ranks import Threads

from common.arrays.row_grad import touched_rows
from common.cores import RANK_VARIABLES
from common.layers import Affine, Dropout, SoftmaxWithLoss
from common.optimizer import Adam
from common.sequential import Sequential
from common.trainer import Trainer
from common.training.mpi import world
from common.training.parallel import DataParallel, RowsOfBatch, StopTogether
from dataset.spiral import load_data

ROOT = Path(__file__).parents[3]


def fitted(model, epochs=3, batch_size=8, callbacks=()):
    """The history of a training on 27 texts, so that the last batch holds 3; without times."""
    trainer = Trainer(model, Adam(lr=0.01), list(callbacks), rng=3)
    x, t = texts(27)
    trainer.fit(x, t, epochs, batch_size, 0.5, eval_interval=None, validation=texts(9, seed=2))
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in trainer.history]


def same(history, other, tolerance):
    assert len(history) == len(other)
    for row, otherwise in zip(history, other):
        assert row == pytest.approx(otherwise, rel=tolerance)


@pytest.mark.parametrize("size", [1, 2, 3, 5])  # 5 ranks have nothing to do for two of them in the last batch
@pytest.mark.parametrize(
    "options",
    [{}, {"dropout": 0.4, "word_dropout": 0.2}, {"freeze_embedding": True}, {"dropout": 0.4, "type_dropout": True}],
    ids=str,
)
def test_ranks_have_the_history_and_the_weights_of_one_process(size, options):
    alone = net(**options)
    history = fitted(alone)

    def work(comm):
        model = net(seed=comm.rank, **options)  # rank 0's weights become everybody's
        for layer, first in zip(model.layers, net(**options).layers):
            if hasattr(layer, "rng"):
                layer.rng = first.rng
        return model, fitted(DataParallel(model, comm))

    for model, found in Threads(size).run(work):
        same(found, history, 1e-9)
        for p, expected in zip(model.params, alone.params):
            np.testing.assert_allclose(p, expected, rtol=1e-9, atol=1e-12)


def test_fifty_steps_in_float32_differ_by_less_than_one_in_100_000():
    history = fitted(net(dtype=np.float32, dropout=0.3), epochs=13)
    for found in Threads(2).run(lambda comm: fitted(DataParallel(net(dtype=np.float32, dropout=0.3), comm), epochs=13)):
        same(found, history, 1e-5)


def test_gradients_and_scores_are_those_of_the_whole_batch_and_know_their_rows():
    xs, ts = np.array([[2, 3, 0], [4, 5, 6], [2, 7, 0], [8, 0, 0], [9, 9, 3]]), np.array([0, 1, 1, 0, 1])
    alone = net(bidirectional=True)
    loss = alone.forward(xs, ts)
    alone.backward()

    def work(comm):
        model = DataParallel(net(bidirectional=True), comm)
        assert model.forward(xs, ts) == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(model.scores, alone.scores, rtol=1e-12)
        for _ in range(2):
            model.forward(xs, ts)
            model.backward()
        for g, expected in zip(model.grads, alone.grads):
            np.testing.assert_allclose(np.array(g), np.array(expected), rtol=1e-9, atol=1e-14)
        return touched_rows(model.grads[0]).tolist()

    assert Threads(3).run(work) == [touched_rows(alone.grads[0]).tolist()] * 3


@pytest.mark.parametrize("size", [2, 3, 5])
def test_weights_are_those_of_the_whole_batch(size):
    x, t = texts(27)
    weight = np.random.default_rng(5).uniform(0, 3, 27)

    def weighted(model):
        trainer = Trainer(model, Adam(lr=0.01), [], rng=3)
        trainer.fit(x, t, 2, 8, sample_weight=weight, validation=(x, t, weight))
        return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in trainer.history]

    history = weighted(net())
    for found in Threads(size).run(lambda comm: weighted(DataParallel(net(), comm))):
        same(found, history, 1e-9)


def test_its_switch_is_that_of_the_model():
    (model,) = Threads(1).run(lambda comm: DataParallel(net(dropout=0.5), comm))
    for flag in (False, True):
        model.train(flag)
        assert model.training is model.model.training is flag
        with model.predicting():
            assert not model.model.training
        assert model.training is model.model.training is flag


def test_a_model_in_the_books_manner_is_trained_too():
    class Linear:
        def __init__(self):
            self.params, self.grads = [np.zeros((2, 3))], [np.zeros((2, 3))]

        def forward(self, x, t):
            self.error = x @ self.params[0] - np.eye(3)[t]
            self.x = x
            return (self.error**2).sum() / len(x)

        def backward(self):
            self.grads[0][...] = 2 * self.x.T @ self.error / len(self.x)

    x, t = load_data()
    t = t.argmax(axis=1)

    def fit(model):
        return [row["loss"] for row in Trainer(model, Adam(), [], rng=0).fit(x, t, 2, 32, eval_interval=None)]

    alone = fit(Linear())
    for found in Threads(2).run(lambda comm: fit(DataParallel(Linear(), comm))):
        assert found == pytest.approx(alone, rel=1e-9)


def test_dropout_inside_a_model_that_the_model_holds_draws_for_the_whole_batch_too():
    def nested(seed=0):
        inner = Sequential(Affine(normal(4, 5), np.zeros(5)), Dropout(0.5, seed))
        return Sequential(inner, Affine(normal(5, 2), np.zeros(2)), loss=SoftmaxWithLoss())

    def losses(model):
        return [row["loss"] for row in Trainer(model, Adam(), [], rng=0).fit(normal(21, 4), np.arange(21) % 2, 3, 8)]

    alone = losses(nested())
    for found in Threads(2).run(lambda comm: losses(DataParallel(nested(), comm))):
        assert found == pytest.approx(alone, rel=1e-9)


def test_ranks_that_were_given_different_batches_are_refused():
    def work(comm):
        DataParallel(net(), comm).forward(np.full((4, 2), 2 + comm.rank), np.zeros(4, int))

    with pytest.raises(ValueError, match="expected the same batch on every rank"):
        Threads(2).run(work)


def test_a_draw_is_this_ranks_part_of_that_for_the_whole_batch():
    class Batch:
        batch, rows = 5, np.array([1, 3])

    whole = np.random.default_rng(0).random((5, 4), dtype=np.float32)
    part = RowsOfBatch(np.random.default_rng(0), Batch()).random((2, 4), dtype=np.float32)
    assert np.array_equal(part, whole[[1, 3]])


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937], ids=lambda bits: bits.__name__)
@pytest.mark.parametrize("shape", [(3,), (3, 700), (31, 67), (2, 600)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("size", [2, 3])
def test_the_rows_of_wide_batches_and_all_later_draws_are_those_of_one_process(bits, shape, dtype, size):
    class Batch:
        batch = 5

    whole = np.random.Generator(bits(0))
    parts = [RowsOfBatch(np.random.Generator(bits(0)), Batch()) for _ in range(size)]
    for _ in range(2):
        drawn, later = whole.random((5, *shape), dtype), whole.random(3, np.float32)  # half of 64 bits is left over
        for rank, part in enumerate(parts):
            part.parallel.rows = np.arange(rank, 5, size)
            assert np.array_equal(part.random((len(part.parallel.rows), *shape), dtype), drawn[rank::size])
            part.parallel.rows = None
            assert np.array_equal(part.random(3, np.float32), later)


def test_a_signal_on_one_rank_stops_all_after_the_same_step():
    class Hears(StopTogether):
        def on_step_start(self, trainer):
            if self.comm.rank == 1 and trainer.step == 5:
                self.stop("SIGTERM")

    def work(comm):
        trainer = Trainer(DataParallel(net(), comm), Adam(), [Hears(comm, (signal.SIGTERM,))], rng=3)
        trainer.fit(*texts(27), 4, 8, eval_interval=None)
        return trainer.step, trainer.stop_reason

    assert Threads(3).run(work) == [(5, "SIGTERM")] * 3


def test_a_process_that_stands_alone_imports_no_mpi(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)  # an import would fail
    for name in RANK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert world() is None
    monkeypatch.setenv("PMI_SIZE", "1")
    assert world() is None
    monkeypatch.setenv("PMI_SIZE", "2")
    hook = sys.excepthook
    with pytest.raises(ValueError, match="mpiexec started 2 ranks: expected mpi4py"):
        world()
    assert sys.excepthook is hook


# --- under mpiexec -----------------------------------------------------------------------------------------

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"])))
with_mpi = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None, reason="pip install -e '.[mpi]'"
)


@with_mpi
def test_a_rank_with_an_uncaught_exception_prints_it_and_ends_all(tmp_path):
    script = """
import sys
from common.training.mpi import world
hook = sys.excepthook
comm = world()
assert sys.excepthook is hook
if comm.rank == 1:
    raise RuntimeError("only here")
comm.allgather(0)  # waits for a rank that never comes
"""
    launch = [MPIEXEC, "-n", "2", sys.executable, "-c", script]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(launch, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert done.returncode == 1 and "RuntimeError: only here" in done.stderr
    assert "an unexpected error (rank 1 of 2, which ends all)" in done.stderr
