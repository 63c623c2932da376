"""common.training.processes_together: processes of one machine that share every batch take the step of one process."""

import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, normal
from nets_to_train import short_texts as texts
from nets_to_train import small_net as net

from common import cores
from common.layers import Affine, Dropout, SoftmaxWithLoss
from common.optimizer import SGD, Adam
from common.sequential import Sequential
from common.time_layers import TimeAffine, TimeEmbedding, TimeRNN, TimeSoftmaxWithLoss
from common.trainer import Trainer
from common.training.callback import Callback

pytestmark = pytest.mark.skipif(not cores.can_fork(), reason="one process where there is no fork")


def without_times(history):
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s") and v is not None} for row in history]


def fitted(model, processes, epochs=3, callbacks=(), optimizer=None):
    """The history of a training on 27 texts, so that the last batch holds 3."""
    trainer = Trainer(model, optimizer or Adam(lr=0.01), list(callbacks), rng=3, processes=processes)
    x, t = texts(27)
    trainer.fit(x, t, epochs, 8, 0.5, eval_interval=None, validation=texts(9, seed=2))
    return without_times(trainer.history)


def same(history, other, tolerance):
    assert len(history) == len(other) > 0
    for row, otherwise in zip(history, other):
        assert row == pytest.approx(otherwise, rel=tolerance)


def check_same_as_alone(make, fit, tolerance=1e-9):
    """The same history and the same weights with three processes as with one."""
    alone, shared = make(), make()
    same(fit(shared, 3), fit(alone, 1), tolerance)
    for p, expected in zip(shared.params, alone.params):
        np.testing.assert_allclose(p, expected, rtol=tolerance, atol=1e-12)


@pytest.mark.parametrize("processes", [2, 5])  # 5 have nothing to do for two of them in the last batch
@pytest.mark.parametrize(
    "options",
    [{}, {"dropout": 0.4, "word_dropout": 0.2, "bidirectional": True}, {"freeze_embedding": True}],
    ids=str,
)
def test_they_have_the_history_and_the_weights_of_one_process(processes, options):
    alone, shared = net(**options), net(**options)
    same(fitted(shared, processes), fitted(alone, 1), 1e-9)
    for p, expected in zip(shared.params, alone.params):
        np.testing.assert_allclose(p, expected, rtol=1e-9, atol=1e-12)


def test_fifty_steps_in_float32_differ_by_less_than_one_in_100_000():
    def history(processes):
        return fitted(net(dtype=np.float32, dropout=0.3), processes, epochs=13)

    same(history(2), history(1), 1e-5)


def test_weights_that_a_callback_writes_at_a_step_are_everybodys():
    class Renormalize(Callback):
        def on_step_end(self, trainer):
            for p in trainer.model.params:
                p /= max(1, np.linalg.norm(p))

    check_same_as_alone(net, lambda model, processes: fitted(model, processes, callbacks=[Renormalize()]))


def test_an_optimizer_of_ones_own_may_write_any_row():
    class Decay:
        lr = 0.1

        def update(self, params, grads):
            for p, g in zip(params, grads):
                p -= self.lr * (np.asarray(g) + 0.1 * p)

    check_same_as_alone(net, lambda model, processes: fitted(model, processes, optimizer=Decay()))


def test_sample_weights_metrics_and_one_more_fit():
    x, t = texts(27)
    weight = np.random.default_rng(5).uniform(0, 3, 27)

    def fit(model, processes):
        metrics = {"mean": lambda scores, labels: scores.mean()}
        trainer = Trainer(model, Adam(lr=0.01), [], rng=3, metrics=metrics, processes=processes)
        trainer.fit(x, t, 2, 8, sample_weight=weight, validation=(x, t, weight))
        return without_times(trainer.fit(x, t, 1, 8, sample_weight=weight, validation=(x, t, weight)))

    check_same_as_alone(net, fit)


def test_a_label_for_each_step():
    def tagger():
        layers = TimeEmbedding(normal(30, 4)), TimeRNN(*TimeRNN.init_params(4, 5, 0, np.float64))
        return Sequential(*layers, TimeAffine(normal(5, 3), np.zeros(3)), loss=TimeSoftmaxWithLoss(), pad=0)

    x, _ = texts(27)
    t = [ids % 3 for ids in x]

    def fit(model, processes):
        trainer = Trainer(model, SGD(0.5), [], rng=3, processes=processes)
        return without_times(trainer.fit(x, t, 3, 8, eval_interval=None))

    check_same_as_alone(tagger, fit)


def test_a_model_of_ones_own_that_nothing_could_pickle():
    class Linear:
        def __init__(self):
            self.params, self.grads = [np.zeros((4, 2))], [np.zeros((4, 2))]
            self.square = lambda a: a * a

        def forward(self, x, t):
            self.x, self.error = x, x @ self.params[0] - np.eye(2)[t]
            return self.square(self.error).sum() / len(x)

        def backward(self):
            self.grads[0][...] = 2 * self.x.T @ self.error / len(self.x)

    def fit(model, processes):
        trainer = Trainer(model, Adam(), [], rng=0, processes=processes)
        return without_times(trainer.fit(normal(21, 4), np.arange(21) % 2, 3, 8))

    check_same_as_alone(Linear, fit)


def test_dropout_that_draws_from_numpys_global_state():
    def model():
        return Sequential(Affine(normal(4, 5), np.zeros(5)), Dropout(0.5), Affine(normal(5, 2), np.zeros(2)), loss=loss)

    def fit(model, processes):
        np.random.seed(7)  # noqa: NPY002  (what a reader of the book does)
        trainer = Trainer(model, SGD(0.1), [], processes=processes)
        return without_times(trainer.fit(normal(21, 4), np.arange(21) % 2, 3, 8))

    loss = SoftmaxWithLoss()
    check_same_as_alone(model, fit)


def test_afterwards_the_model_is_as_it_was_and_no_process_is_left():
    model = net(dropout=0.5)
    generators = [layer.rng for layer in model.layers if hasattr(layer, "rng")]
    trainer = Trainer(model, Adam(), [], rng=0, processes=3)
    trainer.fit(*texts(27), 1, 8)
    assert trainer.model is model and cores.shared_by == 1 and cores.VARIABLE not in os.environ
    assert all(layer.rng is rng for layer, rng in zip([m for m in model.layers if hasattr(m, "rng")], generators))
    assert children() == []


def children():
    tasks = Path("/proc/self/task")
    lists = [task.joinpath("children").read_text().split() for task in tasks.iterdir()] if tasks.exists() else []
    return [int(pid) for pids in lists for pid in pids]


def test_an_error_in_any_of_them_is_raised_and_ends_all():
    class Refuses(Dropout):
        def forward(self, x):
            if os.environ.get(cores.VARIABLE) == "1":  # a process that was started
                raise ZeroDivisionError("only here")
            return super().forward(x)

    model = Sequential(Affine(normal(4, 2), np.zeros(2)), Refuses(0.5, 0), loss=SoftmaxWithLoss())
    with pytest.raises(ZeroDivisionError, match="only here"):
        Trainer(model, SGD(0.1), [], rng=0, processes=2).fit(normal(8, 4), np.arange(8) % 2, 1, 4)
    assert children() == []


def test_one_that_is_killed_ends_the_training_with_its_number_and_the_signal():
    class Kills(Callback):
        def on_step_end(self, trainer):
            if trainer.step == 2:
                os.kill(children()[-1], signal.SIGKILL)

    with pytest.raises(ChildProcessError, match=r"process 3 of 3 that work together was killed by signal 9"):
        fitted(net(), 3, callbacks=[Kills()])
    assert children() == []


def test_when_the_first_is_killed_the_others_end():
    script = """
import numpy as np
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import SGD
from common.sequential import Sequential
from common.trainer import Trainer
from common.training.callback import Callback

class Says(Callback):
    def on_step_end(self, trainer):
        if trainer.step == 1:
            print("trains", flush=True)

model = Sequential(Affine(np.zeros((4, 2)), np.zeros(2)), loss=SoftmaxWithLoss())
Trainer(model, SGD(0.1), [Says()], processes=3).fit(np.ones((8, 4)), np.arange(8) % 2, 10**6, 4)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    leader = subprocess.Popen([sys.executable, "-c", script], env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert leader.stdout.readline() == "trains\n"
    started = Path(f"/proc/{leader.pid}/task/{leader.pid}/children").read_text().split()
    assert len(started) == 2
    leader.kill()
    leader.wait()
    end = time.monotonic() + 60
    while any(Path("/proc", pid).exists() for pid in started):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.01)
    leader.stdout.close()


def test_a_program_that_ends_within_a_training_does_not_wait_for_them():
    script = """
import numpy as np, sys, threading
from common.layers import Affine, SoftmaxWithLoss
from common.optimizer import SGD
from common.sequential import Sequential
from common.trainer import Trainer
from common.training.callback import Callback

class Begun(Callback):
    def on_step_end(self, trainer):
        begun.set()

def fit():
    model = Sequential(Affine(np.zeros((4, 2)), np.zeros(2)), loss=SoftmaxWithLoss())
    Trainer(model, SGD(0.1), [Begun()], processes=2).fit(np.ones((8, 4)), np.arange(8) % 2, 10**6, 4)

begun = threading.Event()
threading.Thread(target=fit, daemon=True).start()
begun.wait()
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=env, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("processes", "message"),
    [
        (0, "processes: expected a whole number from 1 on, got 0"),
        (2.0, "processes: expected a whole number from 1 on, got 2.0"),
        (28, "Trainer.fit: expected at most 27 processes, one for each example, got 28"),
    ],
)
def test_a_number_that_cannot_be_is_refused(processes, message):
    with pytest.raises(ValueError, match=message):
        fitted(net(), processes)


def test_layers_that_keep_their_state_from_batch_to_batch_are_refused():
    rnn = TimeRNN(*TimeRNN.init_params(4, 5, 0), stateful=True)
    model = Sequential(rnn, TimeAffine(normal(5, 3), np.zeros(3)), loss=TimeSoftmaxWithLoss())
    with pytest.raises(ValueError, match=r"expected layers that keep no state from batch to batch, .*TimeRNN"):
        Trainer(model, SGD(0.1), [], processes=2).fit(normal(8, 3, 4), np.zeros((8, 3), int), 1, 4)


def test_memory_that_is_not_to_be_had_is_an_error_in_one_line(monkeypatch):
    def full(*arguments):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(mmap, "mmap", full)
    with pytest.raises(OSError, match=r"memory that 2 processes share \(.* MB; one process does without\): Cannot"):
        fitted(net(), 2)
