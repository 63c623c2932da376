"""What callbacks say, keep and set."""

import io
import math
import re
import signal

import numpy as np
import pytest
from nets_to_train import Ladder
from nets_to_train import fit_ladder as run

from common.files.resume import Checkpoint
from common.optimizer import SGD
from common.trainer import Trainer
from common.training.callbacks import (
    BookLog,
    Callback,
    EarlyStopping,
    EpochTable,
    LearningRate,
    Progress,
    StopOnSignal,
    WeightAveraging,
)
from common.training.lr_range import RangeTest
from common.training.schedules import constant, cosine, steps, warm_up

# ---- early stopping


def test_training_stops_after_patience_epochs_without_a_better_one_and_the_best_is_restored():
    best = EarlyStopping(patience=2)
    trainer = run([3.0, 2.0, 2.5, 2.0, 1.0], best)
    assert len(trainer.history) == 4 and "val_loss" in trainer.stop_reason  # an equal epoch is no better
    assert (best.best_epoch, best.best) == (2, 2.0)
    assert trainer.model.params[0][0] == -4  # two steps an epoch


def test_a_better_epoch_restarts_the_patience():
    best = EarlyStopping(patience=2)
    assert len(run([5.0, 6.0, 4.0, 6.0, 3.0, 6.0, 6.0, 1.0], best).history) == 7 and best.best_epoch == 5


@pytest.mark.parametrize("patience", [None, 100])
def test_the_best_is_restored_also_when_nothing_stops_early(patience):
    best = EarlyStopping(patience)
    trainer = run([3.0, 1.0, 2.0, 2.0, 2.0, 2.0], best)
    assert len(trainer.history) == 6 and trainer.model.params[0][0] == -4
    assert run([3.0, 2.0, 1.0], EarlyStopping(patience)).model.params[0][0] == -6


def test_on_best_is_called_at_every_best_epoch_with_its_weights_in_place():
    seen = []
    best = EarlyStopping(None, on_best=lambda t: seen.append((t.epoch, t.model.params[0][0])))
    run([3.0, 4.0, 2.0, 1.0, 5.0], best)
    assert seen == [(1, -2), (3, -6), (4, -8)]


def test_the_restored_weights_are_the_same_arrays():
    trainer = Trainer(Ladder([1.0, 2.0]), SGD(1.0), [EarlyStopping(None)], 0)
    array = trainer.model.params[0]
    trainer.fit(np.zeros((1, 1)), np.zeros(1), 2, 1, validation=(np.zeros((1, 1)), np.zeros(1)))
    assert trainer.model.params[0] is array and array[0] == -1


@pytest.mark.parametrize(("monitor", "best_epoch"), [("accuracy", 3), ("loss", 2)])
def test_of_an_accuracy_more_is_better_of_anything_else_less(monitor, best_epoch):
    best = EarlyStopping(None, monitor)
    trainer = Trainer(Ladder([]), SGD(1.0), [], 0)
    rows = [{"accuracy": 0.5, "loss": 0.5}, {"accuracy": 0.4, "loss": 0.1}, {"accuracy": 0.9, "loss": 0.4}]
    for epoch, row in enumerate(rows, start=1):
        trainer.epoch, trainer.history = epoch, [row]
        best.on_epoch_end(trainer)
    assert best.best_epoch == best_epoch and best.best == rows[best_epoch - 1][monitor]


def test_an_unknown_or_missing_figure_is_a_value_error():
    with pytest.raises(ValueError, match=r"EarlyStopping: expected 'nonsense' in the history.*val_loss"):
        run([1.0], EarlyStopping(monitor="nonsense"))
    with pytest.raises(ValueError, match="EarlyStopping: expected a value for 'val_loss': fit needs validation"):
        run([1.0], EarlyStopping(), validation=False)


def test_an_epoch_cut_short_is_not_judged():
    stop = Callback()
    stop.on_step_end = lambda trainer: trainer.stop("now") if trainer.step == 3 else None
    best = EarlyStopping(3)
    trainer = run([2.0, 1.0], best, stop)
    assert best.best_epoch == 1 and trainer.model.params[0][0] == -2
    only = EarlyStopping(3)
    stop.on_step_end = lambda trainer: trainer.stop("now")
    assert run([2.0], only, stop).model.params[0][0] == -1 and only.best_epoch is None


# ---- one object, several trainings


class TwoWeights(Ladder):
    def __init__(self, val_losses):
        super().__init__(val_losses)
        self.params, self.grads = [np.zeros(2)], [np.ones(2)]


CLOCK_AND_ARGUMENTS = ("start", "last", "saved", "sink", "file", "weights", "on_best", "schedule")


def serve(callback, model, tmp_path):
    """A training of four epochs; -> all that it leaves, and all that the callback then says and knows."""
    trainer = Trainer(model, SGD(1.0), [callback], 0)
    trainer.fit(np.zeros((3, 1)), np.zeros(3), 4, 1, eval_interval=2, validation=(np.zeros((1, 1)), np.zeros(1)))
    history = [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_s")} for row in trainer.history]
    known = {k: v for k, v in vars(callback).items() if k not in CLOCK_AND_ARGUMENTS}
    left = history, trainer.stop_reason, trainer.loss_list, trainer.model.params[0].tolist(), trainer.optimizer.lr
    return left, repr(known)


@pytest.mark.parametrize(
    "make",
    [
        lambda path, say: BookLog(say),
        lambda path, say: EpochTable(lambda line: say(re.sub(r" +[\d,]+ +[\d.]+$", "", line))),
        lambda path, say: Progress(0.0, io.StringIO()),
        lambda path, say: EarlyStopping(2),
        lambda path, say: EarlyStopping(1, on_best=lambda trainer: say(trainer.epoch)),
        lambda path, say: LearningRate(lambda progress: 1 - progress),
        lambda path, say: RangeTest(0.1, 10, 6),
        lambda path, say: StopOnSignal(),
        lambda path, say: WeightAveraging(0.9, 2),
        lambda path, say: Checkpoint(path),
    ],
    ids=[
        "BookLog",
        "EpochTable",
        "Progress",
        "EarlyStopping",
        "on_best",
        "LearningRate",
        "RangeTest",
        "StopOnSignal",
        "WeightAveraging",
        "Checkpoint",
    ],
)
def test_a_callback_that_served_one_training_serves_the_next_like_a_new_one(make, tmp_path):
    lines, fresh_lines = [], []
    used, fresh = make(tmp_path / "a.npz", lines.append), make(tmp_path / "b.npz", fresh_lines.append)
    serve(used, Ladder([0.1, 0.2, 0.05, 0.04]), tmp_path)  # better than all that follows, and of another shape
    lines.clear()
    of_used, of_fresh = (serve(callback, TwoWeights([4.0, 5.0, 6.0, 2.0]), tmp_path) for callback in (used, fresh))
    assert of_used[0] == of_fresh[0]
    assert of_used[1].replace("a.npz", "b.npz") == of_fresh[1]
    assert [re.sub(r"time \d+", "", str(line)) for line in lines] == [
        re.sub(r"time \d+", "", str(line)) for line in fresh_lines
    ]


def test_of_further_fits_of_one_training_the_best_epoch_of_all_is_restored():
    best = EarlyStopping(None)
    trainer = Trainer(Ladder([1.0, 2.0, 3.0]), SGD(1.0), [best], 0)
    for epochs in (1, 2):
        trainer.fit(np.zeros((1, 1)), np.zeros(1), epochs, 1, validation=(np.zeros((1, 1)), np.zeros(1)))
    assert best.best_epoch == 1 and trainer.model.params[0][0] == -1


# ---- learning-rate schedules


def rates(schedule, epochs=2, n=5):
    seen = []
    note = Callback()
    note.on_step_end = lambda trainer: seen.append(trainer.optimizer.lr)
    trainer = run([1.0] * epochs, LearningRate(schedule), note, n=n)
    return seen, trainer


def test_the_rate_is_set_before_each_step_and_put_back_at_the_end():
    seen, trainer = rates(lambda progress: 1 - progress)
    assert seen == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert trainer.optimizer.lr == 1.0
    assert [row["lr"] for row in trainer.history] == pytest.approx([0.6, 0.1])


def test_the_rate_is_put_back_after_an_error_and_a_second_fit_starts_its_own_schedule():
    seen = []
    note = Callback()
    note.on_step_start = lambda trainer: seen.append(trainer.optimizer.lr)
    trainer = Trainer(Ladder([]), SGD(1.0), [LearningRate(lambda p: 1 - p), note], 0)
    for _ in range(2):
        trainer.fit(np.zeros((4, 1)), np.zeros(4), 1, 1)
    assert seen == pytest.approx([1.0, 0.75, 0.5, 0.25] * 2)
    note.on_step_start = lambda trainer: 1 / 0 if trainer.step == 10 else None
    with pytest.raises(ZeroDivisionError):
        trainer.fit(np.zeros((4, 1)), np.zeros(4), 1, 1)
    assert trainer.optimizer.lr == 1.0


def test_values_of_the_schedules():
    assert [constant(p) for p in (0, 0.5, 0.99)] == [1, 1, 1]
    assert [cosine(p) for p in (0, 1 / 3, 0.5, 1)] == pytest.approx([1, 0.75, 0.5, 0])
    halves = steps(3)
    assert [halves(p) for p in (0, 0.24, 0.25, 0.5, 0.74, 0.75, 0.99)] == [1, 1, 0.5, 0.25, 0.25, 0.125, 0.125]
    assert steps(1, 0.1)(0.6) == 0.1 and steps(0)(0.99) == 1


def test_warm_up_rises_evenly_and_then_follows_the_other():
    plain = warm_up(0.2)
    assert [plain(p) for p in (0.05, 0.1, 0.2, 0.6)] == pytest.approx([0.25, 0.5, 1, 1])
    assert 0 < plain(0) < 0.02 and warm_up(0)(0) == 1
    then = warm_up(0.5, cosine)
    assert [then(p) for p in (0.25, 0.5, 0.75, 1)] == pytest.approx([0.5, 1, 0.5, 0])
    values = [warm_up(0.1, cosine)(p / 1000) for p in range(1000)]
    assert all(math.isfinite(v) and 0 < v <= 1 for v in values)


# ---- errors at the end


class FailsAtEnd(Callback):
    def __init__(self, *, also_before=False):
        self.also_before = also_before

    def on_step_end(self, trainer):
        if self.also_before:
            raise ZeroDivisionError("in a step")

    def on_fit_end(self, trainer):
        raise OSError("disk full")


def test_an_error_in_on_fit_end_keeps_no_other_callback_from_restoring_what_it_changed():
    before = signal.getsignal(signal.SIGINT)
    best = EarlyStopping(patience=None)
    callbacks = [LearningRate(lambda progress: 0.5), best, FailsAtEnd(), Callback()]
    trainer = Trainer(Ladder([1.0, 2.0]), SGD(1.0), callbacks, 0)
    with pytest.raises(OSError, match="disk full"):
        trainer.fit(np.zeros((2, 1)), np.zeros(2), 2, 1, validation=(np.zeros((1, 1)), np.zeros(1)))
    assert signal.getsignal(signal.SIGINT) is before
    assert trainer.optimizer.lr == 1.0
    assert trainer.model.params[0][0] == -1  # of epoch 1: two steps of 0.5


def test_the_first_error_is_raised_and_those_of_on_fit_end_are_its_notes():
    trainer = Trainer(Ladder([1.0]), SGD(1.0), [FailsAtEnd(), FailsAtEnd(also_before=True)], 0)
    with pytest.raises(ZeroDivisionError, match="in a step") as caught:
        trainer.fit(np.zeros((2, 1)), np.zeros(2), 1, 1)
    assert caught.value.__notes__ == ["then FailsAtEnd.on_fit_end: OSError('disk full')"] * 2
    assert trainer.running is None
