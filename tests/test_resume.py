"""n + n epochs with a new process's objects in between are 2 n epochs, bit by bit."""

import numpy as np
import pytest

from ch_sentiment.model import CELLS, SentimentNet
from ch_sentiment.options import OPTIMIZERS
from common.callbacks import Callback, EarlyStopping, LearningRate, cosine, warm_up
from common.checkpoint import CheckpointError, save_arrays
from common.optimizer import SGD, Adam
from common.resume import Checkpoint, resume_training, save_training
from common.trainer import Trainer

RNG = np.random.default_rng(0)
X = [RNG.integers(1, 12, RNG.integers(1, 7)) for _ in range(30)]
T = np.array([int(ids[0] > ids[-1]) for ids in X])


class StopAfter(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, trainer):
        if trainer.epoch == self.epoch:
            trainer.stop("asked to")


def build(path, stop_after=None, cell="lstm", optimizer=Adam, seed=0):
    net = SentimentNet(12, 4, 3, cell, True, pool="max", dropout=0.3, word_dropout=0.1, rng=seed)
    callbacks = [
        LearningRate(warm_up(0.2, cosine)),
        EarlyStopping(None, "val_loss"),
        StopAfter(stop_after),
        Checkpoint(path),
    ]
    return Trainer(net, optimizer(lr=0.05), callbacks, rng=seed)


def fit(trainer, epochs):
    history = trainer.fit(X, T, epochs, 8, max_grad=1.0, validation=(X[:10], T[:10]))
    timeless = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in history]
    return timeless, [p.copy() for p in trainer.model.params]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_that_is_resumed_gives_the_same_bits(tmp_path, cell, optimizer):
    how = {"cell": cell, "optimizer": optimizer}
    history, params = fit(build(tmp_path / "a.npz", **how), 4)
    fit(build(tmp_path / "b.npz", stop_after=2, **how), 4)
    second = build(tmp_path / "b.npz", **how, seed=7)  # other weights, other streams: all of them come from the file
    resume_training(tmp_path / "b.npz", second)
    resumed_history, resumed_params = fit(second, 2)
    assert resumed_history == history
    assert all(np.array_equal(a, b) for a, b in zip(params, resumed_params))
    assert (tmp_path / "a.npz").stat().st_size > 0


def test_another_training_is_refused_and_changes_nothing(tmp_path):
    trainer = build(tmp_path / "a.npz")
    fit(trainer, 1)
    for other in (build("x", optimizer=SGD), build("x", cell="gru")):
        before = [p.copy() for p in other.model.params]
        with pytest.raises(CheckpointError, match=r"a\.npz: expected a training of"):
            resume_training(tmp_path / "a.npz", other)
        assert all(np.array_equal(a, b) for a, b in zip(before, other.model.params)) and other.epoch == 0
    save_arrays(tmp_path / "b.npz", {"a": np.zeros(2)})
    with pytest.raises(CheckpointError, match="another kind"):
        resume_training(tmp_path / "b.npz", trainer)


def test_a_training_that_has_not_begun_can_be_saved_too(tmp_path):
    save_training(tmp_path / "a.npz", build("x"))
    fresh = build("x", seed=3)
    resume_training(tmp_path / "a.npz", fresh)
    assert fresh.epoch == 0 and np.array_equal(fresh.model.params[0], build("x").model.params[0])
