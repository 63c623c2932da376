"""WeightAveraging: what is scored and kept is the mean, training goes on with its own weights, resume is to the bit."""

import json
import os

import numpy as np
import pytest
from nets_to_train import At, OneRank, TwoLayerNet, points, quiet, timeless

from common.files.checkpoint import load_arrays
from common.files.resume import Checkpoint, resume_training
from common.optimizer import SGD, Adam
from common.trainer import Trainer, evaluate
from common.training.callbacks import Callback, EarlyStopping, WeightAveraging
from common.training.parallel import DataParallel

X, T = points()
VALIDATION = X[:7], T[:7]
STEPS = 6  # an epoch, of batches of four


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)


class Trace(Callback):
    """Notes the weights of the model at the end of each step and of each epoch."""

    def __init__(self):
        self.steps, self.epochs = [], []

    def on_step_end(self, trainer):
        self.steps.append(copies(trainer))

    def on_epoch_end(self, trainer):
        self.epochs.append(copies(trainer))


def copies(trainer):
    return [p.copy() for p in trainer.model.params]


def same(some, others):
    return len(some) == len(others) and all(np.array_equal(a, b) for a, b in zip(some, others))


def fit(trainer, epochs=3):
    trainer.fit(X, T, epochs - trainer.epochs_done, 4, validation=VALIDATION)
    return trainer


def own_steps(epochs=3):
    """The weights after each step of a training without averaging."""
    trace = Trace()
    fit(quiet(TwoLayerNet(), Adam(0.05), trace), epochs)
    return trace.steps


def test_the_average_is_the_definition_over_the_weights_of_all_steps():
    trace = Trace()
    trainer = fit(quiet(TwoLayerNet(), Adam(0.05), WeightAveraging(0.7, every=1), trace))
    average = copies(quiet(TwoLayerNet()))
    for t, weights in enumerate(own_steps(), 1):
        d = min(0.7, (1 + t) / (10 + t))
        average = [d * a + (1 - d) * w for a, w in zip(average, weights)]
        if t % STEPS == 0:
            for a, kept in zip(average, trace.epochs[t // STEPS - 1], strict=True):
                np.testing.assert_allclose(kept, a, rtol=1e-12)
    assert same(copies(trainer), trace.epochs[-1])


def test_training_goes_on_with_its_own_weights_and_the_losses_are_those_without_averaging():
    plain, trace = own_steps(), Trace()
    fit(quiet(TwoLayerNet(), Adam(0.05), trace, WeightAveraging(0.9)))
    assert all(map(same, trace.steps, plain)) and len(plain) == 3 * STEPS


def test_the_validation_scores_are_those_of_the_average_and_the_history_says_so():
    trainer = fit(quiet(TwoLayerNet(), Adam(0.05), WeightAveraging(0.9)), 2)
    plain = fit(quiet(TwoLayerNet(), Adam(0.05)), 2)
    row, plain_row = trainer.history[-1], plain.history[-1]
    assert row["val_loss"] == pytest.approx(evaluate(trainer.model, *VALIDATION)["loss"], rel=1e-12)
    assert row["val_loss"] != pytest.approx(plain_row["val_loss"], rel=1e-4)
    assert row["loss"] == plain_row["loss"]
    assert [row["average"] for row in json.loads(json.dumps(trainer.history))] == [0.9, 0.9]


@pytest.mark.parametrize("averaging_first", [True, False])
@pytest.mark.parametrize("stop_at", [None, 2 * STEPS, 2 * STEPS + 2])
def test_the_best_epoch_that_is_restored_is_its_average(averaging_first, stop_at):
    trace, saved = Trace(), []
    best = EarlyStopping(None, "val_loss", mode="max", on_best=lambda trainer: saved.append(copies(trainer)))
    callbacks = [WeightAveraging(0.9), best] if averaging_first else [best, WeightAveraging(0.9)]
    stop = [At(stop_at, lambda trainer: trainer.stop("asked to"))]
    trainer = fit(quiet(TwoLayerNet(), Adam(0.05), *callbacks, trace, *stop))
    assert best.best_epoch == 1 and len(saved) == 1  # the losses fall, so that the first is the largest
    assert same(copies(trainer), trace.epochs[0]) and same(saved[0], trace.epochs[0])


def averaging(every):
    return WeightAveraging(0.9, every)


@pytest.mark.parametrize("step", [1, 4, STEPS])
def test_a_training_that_was_stopped_leaves_the_average_and_a_further_fit_goes_on_as_if_it_had_not(step):
    whole = fit(quiet(TwoLayerNet(), Adam(0.05), averaging(4)))
    stopped = fit(quiet(TwoLayerNet(), Adam(0.05), averaging(4), stop_after(step)))
    assert stopped.running.steps == step
    average = copies(quiet(TwoLayerNet()))
    counts = [4, 2] if step == STEPS else [step]  # steps between two updates
    for t, count in zip(np.cumsum(counts), counts):
        d = ((1 + t) / (10 + t)) ** count
        average = [d * a + (1 - d) * w for a, w in zip(average, own_steps()[t - 1])]
    for found, expected in zip(copies(stopped), average, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    fit(stopped)
    assert timeless(stopped.history) == timeless(whole.history)
    assert same(copies(stopped), copies(whole))


def stop_after(step):
    return At(step, lambda trainer: trainer.stop("asked to"))


@pytest.mark.parametrize("averaging_first", [True, False])
@pytest.mark.parametrize("every", [1, 4])
def test_a_training_that_is_resumed_after_any_step_gives_the_same_bits(tmp_path, averaging_first, every):
    def build(step=None, seed=0):
        callbacks = [averaging(every), EarlyStopping(None)]
        callbacks = callbacks if averaging_first else callbacks[::-1]
        model = TwoLayerNet(seed, dtype=np.float32)
        more = [stop_after(step), Checkpoint(tmp_path / "last.npz")]
        return quiet(model, Adam(0.05), *callbacks, *more, rng=seed)

    whole = fit(build(), 2)
    for step in range(1, 2 * STEPS + 1):
        fit(build(step), 2)
        second = build(seed=7)
        resume_training(tmp_path / "last.npz", second)
        assert second.step == step
        fit(second, 2)
        assert timeless(second.history) == timeless(whole.history), step
        assert same(copies(second), copies(whole)), step


def test_a_training_killed_between_two_saves_resumes_too(tmp_path):
    path = tmp_path / "last.npz"
    whole = fit(quiet(TwoLayerNet(), Adam(0.05), averaging(4), Checkpoint(path, minutes=0)), 2)
    for step in (3, STEPS, STEPS + 1):
        with pytest.raises(KeyboardInterrupt):
            fit(quiet(TwoLayerNet(), Adam(0.05), averaging(4), Checkpoint(path, minutes=0), KilledAt(step)), 2)
        second = quiet(TwoLayerNet(7), Adam(0.05), averaging(4), Checkpoint(path), rng=7)
        resume_training(path, second)
        assert second.step == step
        assert timeless(fit(second, 2).history) == timeless(whole.history)
        assert same(copies(second), copies(whole))


class KilledAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer):
        if trainer.step == self.step:
            raise KeyboardInterrupt


def test_it_is_saved_with_its_arrays_and_another_training_begins_anew(tmp_path):
    path, callback = tmp_path / "last.npz", averaging(1)
    first = fit(quiet(TwoLayerNet(), Adam(0.05), callback, Checkpoint(path)), 2)
    arrays = load_arrays(path)
    assert sum(name.startswith("callback.0.") for name in arrays) == 2 * len(first.model.params)
    again = fit(quiet(TwoLayerNet(), Adam(0.05), callback, Checkpoint(path)), 2)
    assert timeless(again.history) == timeless(first.history)


def test_tied_weights_stay_tied():
    model = TwoLayerNet(sizes=(2, 3, 3))
    shared = model.params[2]
    model.params.append(shared.T)
    model.grads.append(np.zeros((3, 3)))
    trainer = fit(quiet(model, SGD(0.1), averaging(4)), 2)
    alone = fit(quiet(TwoLayerNet(sizes=(2, 3, 3)), SGD(0.1), averaging(4)), 2)
    assert same(copies(trainer)[:4], copies(alone))


def test_ranks_that_train_together_have_the_same_average():
    together = fit(Trainer(DataParallel(TwoLayerNet(), OneRank()), Adam(0.05), [averaging(4)], 0))
    alone = fit(quiet(TwoLayerNet(), Adam(0.05), averaging(4)))
    for a, b in zip(copies(together), copies(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("how", [{"decay": 0}, {"decay": 1}, {"decay": float("nan")}, {"every": 0}, {"every": 1.5}])
def test_what_cannot_be_is_one_line(how):
    with pytest.raises(ValueError, match="WeightAveraging: expected"):
        WeightAveraging(**how)
