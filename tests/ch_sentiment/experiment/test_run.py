"""Texts and labels in memory are the one way in, and a training says nothing: `run_experiment` and `fit`."""

import numpy as np
import pytest
from conftest import THREE, TWO

from ch_sentiment.experiment.corpus import LabelledTexts
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import fit, run_experiment
from common.trainer import Trainer
from common.training.callbacks import Callback
from dataset.errors import DataError

SMALL = {"hidden": 4, "wordvec": 4, "epochs": 2}


def texts_of(labelled):
    return [text for _, text in labelled], [label for label, _ in labelled]


@pytest.mark.parametrize(
    "options", [{}, {"cell": "gru", "bidirectional": True}, {"recipe": "nbsvm"}, {"recipe": "bow"}]
)
def test_a_classifier_is_fitted_on_two_lists(options):
    model = fit(*texts_of(TWO), **{**options, "wordvec": 8, "hidden": 8, "lr": 0.02})
    assert model.label_names == ["neg", "pos"]
    probabilities = model.predict_proba(["good fine thing", "bad poor thing"])
    assert probabilities[0, 1] > 0.5 > probabilities[1, 1]


def test_any_sequence_of_texts_and_labels_will_do():
    texts, labels = texts_of(THREE)
    wanted = fit(texts, labels, **SMALL).predict_proba(texts[:3])
    for same_texts, same_labels in (
        (tuple(texts), np.array(labels)),
        (np.array(texts, object), np.array(labels, object)),
    ):
        model = fit(same_texts, list(same_labels), **SMALL)
        np.testing.assert_allclose(model.predict_proba(texts[:3]), wanted, rtol=1e-5)
    numbers = fit(texts, ["abc".index(label) * 5 for label in labels], **SMALL)
    assert numbers.label_names == ["0", "5", "10"]
    np.testing.assert_allclose(numbers.predict_proba(texts[:3]), wanted, rtol=1e-5)


def test_nothing_is_printed_and_no_file_is_written(here, capfd):
    fit(*texts_of(TWO), **SMALL)
    run_experiment(Config.of(SMALL), LabelledTexts.of(*texts_of(TWO)))
    assert capfd.readouterr() == ("", "") and list(here.iterdir()) == []


def test_a_result_has_the_scores_and_the_part_they_are_of():
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, trainer):
            seen.append(trainer.epoch)

    texts = LabelledTexts.of(*texts_of(TWO))
    result = run_experiment(Config.of(SMALL), texts, [Watch()])
    assert seen == [row["epoch"] for row in result.history] == [1, 2] and result.error is None
    assert result.scored_on == "validation" and result.scores["n"] == 4
    assert result.best["val_loss"] == min(row["val_loss"] for row in result.history)
    assert result.scores["loss"] == pytest.approx(result.best["val_loss"], rel=1e-5)
    texts.test = LabelledTexts.of(*texts_of(TWO[:10])).texts
    result = run_experiment(Config.of(SMALL), texts)
    assert result.scored_on == "test" and result.scores["n"] == 10 and texts.texts.x == []


def test_a_number_that_is_no_longer_finite_is_in_the_result_and_raised_by_fit():
    texts, labels = texts_of(TWO)
    result = run_experiment(Config.of(SMALL, lr=1e38), LabelledTexts.of(texts, labels))
    assert result.scores is None and "step" in result.error
    with pytest.raises(FloatingPointError, match="step"):
        fit(texts, labels, **SMALL, lr=1e38)


def test_a_training_that_somebody_stops_is_not_scored(monkeypatch):
    step = Trainer._train_step

    def stopped(self, *arguments):
        self.stop("SIGTERM")
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "_train_step", stopped)
    result = run_experiment(Config.of(SMALL), LabelledTexts.of(*texts_of(TWO)))
    assert result.scores is None and result.stop_reason == "SIGTERM" and result.history == []


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ("good", [1], "expected a list of texts and as many labels, got one str"),
        (["a", "b"], [0], "got 2 texts and 1 labels"),
        (["a", float("nan"), "b"], [0, 1, 0], "text 2: expected a str, got float"),
        (["a", "b"], ["x", "x"], "expected labels of two classes or more"),
        (["a", "b"], [0.5, 1.5], "expected labels of two classes or more"),
        (["a", "b", "c", " "], [0, 1, 0, 1], "expected words in every text, text 4 has none"),
    ],
)
def test_what_are_no_labelled_texts_is_one_line(texts, labels, message):
    with pytest.raises(ValueError, match=message) as caught:
        fit(texts, labels, **SMALL)
    assert "\n" not in str(caught.value)


def test_an_option_that_there_is_not_is_named():
    with pytest.raises(TypeError, match="got colour"):
        fit(["a", "b"], [0, 1], colour=1)
    with pytest.raises(DataError, match="--naive-bayes: expected two classes, got 3"):
        fit(*texts_of(THREE), naive_bayes=True)
