"""Training on a stream: the order of the examples, and the states of recurrent layers at the ends of an epoch."""

import numpy as np
import pytest
from conftest import time_cell

from common.base_model import BaseModel
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.files.resume import Checkpoint, resume_training
from common.optimizer import SGD
from common.training.callback import Callback
from common.training.stream import StreamState, StreamTrainer

XS = np.random.default_rng(0).standard_normal((6, 3, 2))  # three steps of two rows


class Net(BaseModel):
    """An LSTM that keeps its state; the loss is the mean of what it says. Notes the state before each step."""

    def __init__(self):
        super().__init__()
        self.lstm, self.before = time_cell("lstm", D=2, H=2, stateful=True), []
        self.collect(lstm=self.lstm)

    def forward(self, xs, ts):
        self.before.append(None if self.lstm.h is None else self.lstm.h.copy())
        self.hs = self.lstm.forward(xs)
        return float(self.hs.mean())

    def backward(self):
        self.lstm.backward(np.full_like(self.hs, 1 / self.hs.size))


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("enough")


def trainer_of(net, *callbacks):
    return StreamTrainer(net, SGD(0.1), [StreamState([net.lstm]), *callbacks], rng=0)


@pytest.mark.parametrize("size", [1, 2, 4, 9])
def test_the_examples_come_in_their_order_in_every_epoch(size):
    seen = []

    class Notes(Net):
        def forward(self, xs, ts):
            self.lstm.reset_state()
            seen.extend(ts)
            return super().forward(xs, ts)

    trainer_of(Notes()).fit(XS, np.arange(6), 2, size)
    assert seen == 2 * list(range(6))


def test_the_state_goes_from_step_to_step_and_is_zero_where_an_epoch_begins():
    net = Net()
    trainer_of(net).fit(XS, np.zeros(6), 2, 2)
    assert [before is None for before in net.before] == [True, False, False] * 2
    assert net.lstm.h is None


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_a_training_that_was_stopped_goes_on_to_the_bit(tmp_path, step):
    whole = Net()
    trainer_of(whole).fit(XS, np.zeros(6), 2, 2)
    stopped, path = Net(), tmp_path / "last.npz"
    trainer_of(stopped, StopAt(step), Checkpoint(path)).fit(XS, np.zeros(6), 2, 2)
    resumed = Net()
    trainer = trainer_of(resumed, Checkpoint(path))
    resume_training(path, trainer)
    trainer.fit(XS, np.zeros(6), 2 - trainer.epochs_done, 2)
    assert all(np.array_equal(p, q) for p, q in zip(whole.params, resumed.params))


def test_states_of_other_rows_sizes_or_names_are_refused(tmp_path):
    path = tmp_path / "last.npz"
    trainer_of(Net(), StopAt(2), Checkpoint(path)).fit(XS, np.zeros(6), 2, 2)
    arrays, meta = load_checkpoint(path)
    resume_training(path, trainer_of(Net(), Checkpoint(path)))
    h = arrays["callback.0.0"]
    assert meta["callbacks"][0]["memory"] == {"names": [["h", "c"]]}
    for other in (h[:0], np.concatenate((h, h, h)), h[:, :1], h.astype("f2"), h[0]):
        save_arrays(path, arrays | {"callback.0.0": other}, meta)
        with pytest.raises(CheckpointError, match="StreamState"):
            resume_training(path, trainer_of(Net(), Checkpoint(path)))
    for names in ([], [["h"]], [["c", "h"]], [["h", "h"]], [["h", "x"]], [["h", "c"], []], None, [3]):
        meta["callbacks"][0]["memory"]["names"] = names
        save_arrays(path, arrays, meta)
        with pytest.raises(CheckpointError, match="StreamState"):
            resume_training(path, trainer_of(Net(), Checkpoint(path)))
