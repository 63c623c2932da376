"""Too few texts to validate choose nothing: the last epoch is kept, and lines say so."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import THREE, TWO, call, lines_of

from ch_sentiment.experiment import epoch_choice
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import fit

pytestmark = pytest.mark.usefixtures("here", "no_figures")
SMALL = [
    "--hidden",
    "8",
    "--wordvec",
    "8",
    "--dropout",
    "0",
    "--word-dropout",
    "0",
    "--batch-size",
    "8",
    "--lr",
    "0.02",
]


def corpus(labels, **options):
    config = Config.of(options)
    return config, encode(LabelledTexts.of([f"word{i % 9} {label}" for i, label in enumerate(labels)], labels), config)


@pytest.mark.parametrize(
    ("labels", "options", "last"),
    [
        (["a", "b"] * 250, {}, False),
        (["a", "b"] * 240, {}, True),
        (["a", "b"] * 240, {"keep_epoch": "best"}, False),
        (["a", "b"] * 250, {"keep_epoch": "last"}, True),
        (["a"] * 590 + ["b"] * 10, {"validation": 0.2}, False),
        (["a"] * 590 + ["b"] * 10, {"validation": 0.2, "class_weight": "balanced"}, True),
        (["a", "b", "c"] * 4, {"validation": 0.5}, True),
    ],
)
def test_the_last_epoch_is_kept_where_fewer_than_50_texts_of_equal_weight_validate(labels, options, last):
    config, data = corpus(labels, **options)
    assert epoch_choice.keeps_last(config, data) is last
    assert bool(epoch_choice.notes(config, data)) is last


def test_texts_to_validate_that_lack_a_class_choose_nothing():
    config, data = corpus(["a", "b"] * 300, validation=0.5)
    data.val = data.val.take(np.flatnonzero(data.val.t == 0))
    assert epoch_choice.texts_that_count(config, data) == 0 and epoch_choice.keeps_last(config, data)
    assert "which lack a class" in epoch_choice.notes(config, data)[0]


def test_a_training_on_few_texts_goes_on_until_they_are_fitted_and_says_why(write, capsys):
    write("few.tsv", lines_of(THREE[:30]))
    assert call("train", "few.tsv", *SMALL, "--epochs", "200", "--patience", "1", "--out", "r") == 0
    out, history = capsys.readouterr().out, json.loads(Path("r/history.json").read_text())
    assert "3 texts to validate are fewer than the 50 it takes to choose an epoch by (--keep-epoch): training" in out
    assert 1 < len(history) < 200 and history[-1]["loss"] <= epoch_choice.FITTED < history[-2]["loss"]
    model = Classifier.load("r")
    assert model.metrics["kept"] == "last" and model.metrics["best"]["epoch"] == len(history)
    assert f"last epoch {len(history)}" in out and "not fitted" not in out
    assert call("train", "--resume", "r") == 0
    assert "a training loss of 0.02 is reached" in capsys.readouterr().out


def test_a_training_that_never_fits_says_what_it_came_to(write, capsys):
    write("never.tsv", lines_of([("ab"[i // 2 % 2], f"the same word{i % 2}") for i in range(40)]))
    assert call("train", "never.tsv", *SMALL, "--epochs", "3", "--out", "r") == 0
    assert "not fitted: after 3 epochs the training loss is 0." in (out := capsys.readouterr().out)
    assert "sentifish train --resume r --epochs 6" in out
    texts, labels = [f"the same word{i % 2}" for i in range(40)], ["ab"[i // 2 % 2] for i in range(40)]
    with pytest.warns(UserWarning, match="fit: not fitted: after 3 epochs"):
        fit(texts, labels, hidden=4, wordvec=4, epochs=3)


def test_fit_on_few_texts_is_trained_and_chooses_no_temperature_by_them():
    texts, labels = [text for _, text in TWO], [label for label, _ in TWO]
    how = {"hidden": 8, "wordvec": 8, "dropout": 0.0, "word_dropout": 0.0, "batch_size": 4, "lr": 0.02, "epochs": 200}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fit(texts, labels, **how)
    assert [model.label_names[p.argmax()] for p in model.predict_proba(texts)] == labels
    with pytest.warns(UserWarning, match="fit: calibrate, abstain: nothing is chosen by fewer than 50"):
        model = fit(texts, labels, calibrate=True, abstain=0.9, **how)
    assert model.calibration is None and model.abstain_below is None


def test_without_a_validation_part_all_texts_are_trained_on_and_the_test_part_is_scored(write, said, capsys):
    write("d.tsv", lines_of(TWO))
    assert "--validation 0: expected --test-data to score" in said("train", "d.tsv", "--validation", "0", *SMALL)
    how = ["d.tsv", "--test-data", "d.tsv", "--validation", "0", *SMALL]
    for wanted in (["--keep-epoch", "best"], ["--calibrate"], ["--abstain", "0.9"]):
        assert f"expected a share above 0 for {wanted[0]}" in said("train", *how, *wanted)
    assert call("train", *how, "--epochs", "200", "--out", "r") == 0
    out = capsys.readouterr().out
    assert "40 texts to train on, 0 to validate" in out and "no text is held out" in out
    assert "test accuracy 100.00% on 40 texts (95% interval 91.24% to 100.00%;" in out
