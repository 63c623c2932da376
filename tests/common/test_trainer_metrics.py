"""Metrics of one's own: in `evaluate`, the history, the table of epochs and early stopping."""

import json

import numpy as np
import pytest
from nets_to_train import BookNet, TwoLayerNet, points, quiet

from common.files.checkpoint import CheckpointError
from common.files.resume import Checkpoint, resume_training
from common.optimizer import SGD
from common.trainer import Trainer, evaluate
from common.training.callbacks import Callback, EarlyStopping, EpochTable

X, T = points()


def share_of_class_one(scores, t):
    return (scores.argmax(axis=1) == 1).mean(dtype=np.float32)


def right(scores, t):
    return np.sum(scores.argmax(axis=1) == t) / len(t)


def recall(scores, t):
    """Of all examples at once: no mean over batches is the same."""
    return np.sum((scores.argmax(axis=1) == 2) & (t == 2)) / np.sum(t == 2)


def trainer(*callbacks, metrics, lr=0.5):
    return Trainer(TwoLayerNet(), SGD(lr), list(callbacks), 0, metrics=metrics)


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_a_metric_is_of_all_examples_whatever_the_batch_size(batch_size):
    found = evaluate(TwoLayerNet(), X, T, batch_size, metrics={"right": right, "recall": recall})
    net = TwoLayerNet()
    net.forward(X, T)
    assert found["right"] == found["accuracy"] and found["recall"] == recall(net.scores, T)


def test_the_history_holds_it_of_training_and_of_validation_as_numbers_for_json():
    metrics = {"right": right, "ones": share_of_class_one}
    rows = trainer(metrics=metrics).fit(X, T, 3, 5, validation=(X[:9], T[:9]))
    for row in rows:
        assert row["right"] == row["accuracy"] and row["val_right"] == row["val_accuracy"]
        assert type(row["ones"]) is type(row["val_ones"]) is float
    assert json.loads(json.dumps(rows)) == rows
    still = trainer(metrics={"recall": recall}, lr=0).fit(X, T, 1, 5)[0]  # lr 0: the same net throughout
    assert still["recall"] == evaluate(TwoLayerNet(), X, T, metrics={"recall": recall})["recall"]
    assert still["val_recall"] is None


def test_the_table_has_two_columns_for_each():
    lines = []
    table = EpochTable(lines.append)
    trainer(table, metrics={"a long name": lambda scores, t: 0.25}).fit(X, T, 2, 5, validation=(X, T))
    titles = "epoch loss accuracy val loss val accuracy a long name val a long name tokens/s seconds"
    assert " ".join(lines[0].split()) == titles and len({len(line) for line in lines}) == 1
    assert lines[1].split()[5:7] == ["0.2500", "0.2500"]
    trainer(table, metrics={"odd": lambda scores, t: None}).fit(X, T, 1, 5)  # and another training with the same table
    assert (
        lines[3].split()[-4:] == ["odd", "val", "odd", "tokens/s", "seconds"][-4:]
        and lines[4].split()[5:7] == ["-"] * 2
    )


@pytest.mark.parametrize(
    ("name", "mode", "best_epoch"),
    [("f1", None, 2), ("macro_f1", None, 2), ("error", None, 1), ("cost", "max", 2), ("x", "max", 2), ("f1", "min", 1)],
)
def test_early_stopping_knows_by_name_or_mode_which_way_is_better(name, mode, best_epoch):
    values = iter([0.1, 0.1, 0.9, 0.9, 0.5, 0.5])  # of validation, of training
    best = EarlyStopping(None, f"val_{name}", mode=mode)
    trainer(best, metrics={name: lambda scores, t: next(values)}).fit(X, T, 3, 5, validation=(X, T))
    assert best.best_epoch == best_epoch


@pytest.mark.parametrize("name", ["x", "f1_loss"])
def test_a_name_that_does_not_say_which_way_is_better_is_refused_before_the_first_step(name):
    training = trainer(EarlyStopping(monitor=f"val_{name}"), metrics={name: right})
    with pytest.raises(ValueError, match=f"EarlyStopping: expected mode='max' or mode='min' for 'val_{name}'"):
        training.fit(X, T, 1, 5, validation=(X, T))
    assert training.step == 0


@pytest.mark.parametrize("nothing", [None, np.nan, np.float32("inf")])
def test_what_is_no_number_is_none_in_the_history_and_never_the_best(nothing, tmp_path):
    values = iter([nothing, 0.5, 0.25, 0.5, nothing, 0.5])  # of validation, of training
    best = EarlyStopping(None, "val_f1")
    rows = trainer(best, Checkpoint(tmp_path / "a.npz"), metrics={"f1": lambda scores, t: next(values)}).fit(
        X, T, 3, 5, validation=(X, T)
    )
    assert [row["val_f1"] for row in rows] == [None, 0.25, None] and best.best_epoch == 2


@pytest.mark.parametrize("step", [5, 7])  # the end of an epoch, and the middle of one
def test_an_epoch_that_is_resumed_has_the_metric_of_all_of_it(step, tmp_path):
    stop, path = Callback(), tmp_path / "a.npz"
    stop.on_step_end = lambda trainer: trainer.stop("now") if trainer.step == step else None
    metrics = {"recall": recall}
    wanted = trainer(metrics=metrics).fit(X, T, 2, 5)
    trainer(stop, Checkpoint(path), metrics=metrics).fit(X, T, 2, 5)
    again = trainer(Checkpoint(path), metrics=metrics)
    resume_training(path, again)
    rows = again.fit(X, T, 2 - again.epochs_done, 5)
    assert [row["recall"] for row in rows] == [row["recall"] for row in wanted]
    without = trainer(stop, Checkpoint(path), metrics=None)
    without.fit(X, T, 2, 5)
    if step == 7:
        with pytest.raises(
            CheckpointError, match="expected a training with metrics recall, got an unfinished epoch of"
        ):
            resume_training(path, trainer(metrics=metrics))


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([right], 'expected metrics by name, {"name": function of scores and labels}, got list of 1'),
        (right, "expected metrics by name.* got the function right"),
        ({"f1": "f1"}, "expected metrics to be functions .* got 'f1': the str 'f1'"),
        ({1: right}, "expected metrics to be functions .* got 1: the function right"),
        ({"loss": right}, "expected another name for a metric than one of the history, got 'loss'"),
        ({"val_f1": right}, "expected another name .* got 'val_f1'"),
    ],
)
def test_metrics_that_cannot_be_are_refused(metrics, message):
    with pytest.raises(ValueError, match=f"Trainer: {message}"):
        trainer(metrics=metrics)
    with pytest.raises(ValueError, match=f"evaluate: {message}"):
        evaluate(TwoLayerNet(), X, T, metrics=metrics)


def test_a_model_without_scores_and_a_metric_that_fails_are_named():
    with pytest.raises(
        ValueError, match="metrics: expected a model that keeps its last `scores`, for right, got BookNet"
    ):
        evaluate(BookNet(), X, T, metrics={"right": right})
    with pytest.raises(ValueError, match=r"metrics: expected a number of 'all', got float64 of shape \(22, 3\)"):
        evaluate(TwoLayerNet(), X, T, metrics={"all": lambda scores, t: scores})
    with pytest.raises(ZeroDivisionError) as caught:
        evaluate(TwoLayerNet(), X, T, metrics={"odd": lambda scores, t: 1 / 0})
    assert caught.value.__notes__ == ["in the metric 'odd', of scores (22, 3) and labels (22,)"]


def test_early_stopping_says_what_a_missing_value_needs():
    for monitor in ("accuracy", "val_accuracy"):
        with pytest.raises(ValueError, match=f"a value for '{monitor}': the model keeps no `scores`"):
            quiet(BookNet(), None, EarlyStopping(monitor=monitor)).fit(X, T, 1, 5, validation=(X, T))
    with pytest.raises(ValueError, match="a value for 'val_right': fit needs validation"):
        trainer(EarlyStopping(monitor="val_right", mode="max"), metrics={"right": right}).fit(X, T, 1, 5)
