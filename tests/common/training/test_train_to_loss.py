"""TrainToLoss ends a training at a loss and keeps its last epoch; weights are worth so many equal ones."""

import numpy as np
import pytest
from nets_to_train import Ladder

from common.files.resume import Checkpoint, resume_training
from common.optimizer import SGD
from common.trainer import Trainer
from common.training.callbacks import EpochTable, TrainToLoss
from common.training.class_weight import effective_number

X, T = np.zeros((1, 1)), np.zeros(1)


class Falling(Ladder):
    """A Ladder whose training losses are given, one an epoch; validation likes each epoch less than the one before."""

    def __init__(self, losses):
        super().__init__(range(1, len(losses) + 1))
        self.losses = iter(losses)

    def forward(self, x, t):
        return next(self.losses) if self.training else super().forward(x, t)


def train(losses, keeper, model=Falling):
    trainer = Trainer(model(losses), SGD(1.0), [keeper], 0)
    trainer.fit(X, T, len(losses), 1, eval_interval=None, validation=(X, T))
    return trainer


def test_it_stops_at_the_loss_and_keeps_the_last_epoch_not_the_one_that_validation_likes():
    keeper, seen = TrainToLoss(0.5), []
    keeper.on_best = lambda trainer: seen.append(trainer.epoch)
    trainer = train([3.0, 2.0, 0.5, 0.1], keeper)
    assert (
        len(trainer.history) == keeper.best_epoch == 3 == -trainer.model.params[0][0]
        and seen == [1, 2, 3]
        and keeper.is_over(trainer)
    )
    assert trainer.stop_reason == "a training loss of 0.5 is reached"


def test_without_the_loss_it_goes_on_to_the_last_epoch_and_says_that_it_is_not_over():
    keeper = TrainToLoss(0.5)
    trainer = train([3.0, 2.0, 4.0], keeper)
    assert len(trainer.history) == keeper.best_epoch == 3 and not keeper.is_over(trainer)


def test_a_resumed_training_that_is_over_takes_no_further_step(tmp_path):
    def training():
        saved = Checkpoint(tmp_path / "last.npz")
        return Trainer(Falling([3.0, 0.5, 0.1]), SGD(1.0), [TrainToLoss(0.5), saved], 0)

    first = training()
    first.fit(X, T, 3, 1, eval_interval=None, validation=(X, T))
    again = training()
    resume_training(tmp_path / "last.npz", again)
    again.fit(X, T, 1, 1, eval_interval=None, validation=(X, T))
    assert first.step == again.step == 2 and again.model.params[0][0] == -2 and again.callbacks[0].best_epoch == 2


def test_a_loss_must_be_above_0():
    with pytest.raises(ValueError, match="TrainToLoss: expected loss"):
        TrainToLoss(0)


def test_weights_are_worth_as_many_examples_as_they_are_even():
    assert effective_number([2, 2, 2]) == pytest.approx(3) and effective_number([1, 0, 0]) == 1
    assert effective_number([]) == effective_number([0, 0]) == 0
    rare = [15.0] * 2 + [0.5] * 58  # two texts of a rare class are half of the loss
    assert effective_number(rare) == pytest.approx(59**2 / (2 * 225 + 58 / 4))
    assert effective_number([1e300, 1e300]) == pytest.approx(2)


def test_the_table_says_how_far_a_validation_accuracy_can_be_off():
    lines = []
    trainer = train([1.0], TrainToLoss())
    trainer.history[-1] |= {"val_loss": 0.5, "val_accuracy": 5 / 6}
    table = EpochTable(lines.append, validation_size=6)
    table.on_fit_start(trainer)
    table.on_epoch_end(trainer)
    assert "0.8333 ±0.40" in lines[1] and len(lines[0]) == len(lines[1])
