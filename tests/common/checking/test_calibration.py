"""A model that is as sure as it is right has no calibration error; the temperature brings one there that is not."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, lines_of

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.commands.outcome import calibration_line
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import to_probabilities
from common.checking.calibration import expected_calibration_error, fit_temperature, reliability
from common.functions import log_softmax
from dataset.text import Vocab


def drawn(num_classes, n=8_000, seed=0):
    """Scores (N, C), and classes (N,) drawn with the very probabilities that the scores tell."""
    rng = np.random.default_rng(seed)
    scores = 1.5 * rng.standard_normal((n, num_classes))
    t = (np.cumsum(to_probabilities(scores), axis=1) < rng.random((n, 1))).sum(axis=1)
    return scores, np.minimum(t, num_classes - 1)


def test_reliability_counts_by_hand():
    p = np.array([[0.5, 0.5], [0.3, 0.7], [0.2, 0.8], [0.0, 1.0], [0.75, 0.25]])
    confidence, accuracy, count = reliability(p, [0, 0, 1, 1, 0], bins=4)  # ends of bins: 0.5 and 0.75
    assert count.tolist() == [0, 1, 2, 2] and count.dtype == np.int64
    np.testing.assert_allclose(confidence, [np.nan, 0.5, 0.725, 0.9])
    np.testing.assert_allclose(accuracy, [np.nan, 1, 0.5, 1])
    assert expected_calibration_error(p, [0, 0, 1, 1, 0], 4) == pytest.approx((0.5 + 2 * 0.225 + 2 * 0.1) / 5)


def test_no_answers_have_no_error():
    assert expected_calibration_error(np.empty((0, 2)), np.empty(0, int)) == 0


@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_calibrated_set_has_next_to_no_error_and_an_overconfident_one_its_own(num_classes):
    scores, t = drawn(num_classes)
    p = to_probabilities(scores)
    assert expected_calibration_error(p, t) < 0.025
    certain = np.eye(num_classes)[p.argmax(axis=1)]
    wrong = (p.argmax(axis=1) != t).mean()
    assert expected_calibration_error(certain, t) == pytest.approx(wrong) and wrong > 0.1


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("factor", [0.25, 1, 3, 40])
def test_the_temperature_recovers_a_known_scaling(num_classes, factor):
    scores, t = drawn(num_classes)
    assert fit_temperature(factor * scores, t) == pytest.approx(factor, rel=0.06)


def test_it_is_where_the_loss_is_least_and_one_score_is_as_good_as_two():
    scores, t = drawn(2, 500)
    scores = 3 * scores
    best = fit_temperature(scores, t)
    losses = [-log_softmax(scores / T)[np.arange(500), t].mean() for T in (best, 1.001 * best, best / 1.001)]
    assert min(losses) == losses[0]
    assert fit_temperature(scores[:, 1] - scores[:, 0], t) == pytest.approx(best)


def test_no_temperature_is_best_where_all_is_right_or_the_scores_are_of_no_use():
    scores = np.array([3.0, -2.0, 1.0, -1.0])
    assert fit_temperature(scores, [1, 0, 1, 0]) is None
    assert fit_temperature(scores, [0, 1, 0, 1]) is None
    assert fit_temperature(np.zeros(4), [0, 1, 0, 1]) is None


@pytest.mark.parametrize(
    ("scores", "t"),
    [([], []), ([1.0], [0, 1]), ([np.inf, 1], [0, 1]), ([np.nan, 1], [0, 1]), (np.ones((1, 1, 1)), [0])],
)
def test_what_is_no_scores_is_refused(scores, t):
    with pytest.raises(ValueError, match=r"^fit_temperature: expected finite .* got shapes"):
        fit_temperature(scores, np.array(t, int))


@pytest.mark.parametrize(("p", "t", "bins"), [([0.5], [0], 3), ([[0.5, 0.5]], [0, 1], 3), ([[0.5, 0.5]], [0], 0)])
def test_what_is_no_probabilities_is_refused(p, t, bins):
    with pytest.raises(ValueError, match=r"^reliability: (probabilities: |t: )?expected "):
        reliability(p, t, bins)


# ---- with a model


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """A file in which a fifth of the labels is wrong: to be sure of it is to be too sure."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(300):
        positive = i % 2
        text = f"{'good fine' if positive else 'bad poor'} thing number{rng.integers(9)} word{rng.integers(60)}"
        rows.append(("pos" if positive ^ (rng.random() < 0.2) else "neg", text))
    path = tmp_path_factory.mktemp("noisy") / "noisy.tsv"
    path.write_text(lines_of(rows))
    return path


HOW = shlex.split("--hidden 8 --wordvec 8 --epochs 4 --lr 0.03 --cell rnn --validation 0.3 --quiet")


def test_calibrate_is_stored_with_the_model_and_changes_no_label(here, noisy, capsys):
    assert call("train", "--data", noisy, *HOW, "--calibrate", "--out", "r") == 0
    told, model = capsys.readouterr().out, Classifier.load("r")
    temperature, found = model.calibration["temperature"], model.metrics["calibration"]
    assert f"temperature {temperature:.3g}, validation ECE {found['ece_before']:.4f} -> " in told
    texts = ["good thing", "bad poor thing", "number1 word3"]
    scores, p = model.scores(model.encode(texts)), model.predict_proba(texts)
    np.testing.assert_allclose(p, to_probabilities(scores / temperature), rtol=1e-6)
    assert p.dtype == np.float64 and found["n"] == 90
    assert found["ece_after"] == model.metrics["validation"]["ece"] != found["ece_before"]
    assert model.metrics["validation"]["loss"] < model.metrics["best"]["val_loss"]
    assert model.metrics["validation"]["accuracy"] == model.metrics["best"]["val_accuracy"]
    model.save("again.npz")
    assert Path("again.npz").read_bytes() == Path("r/model.npz").read_bytes()


@pytest.fixture
def model():
    net = BagOfWords(4, 1, rng=0)
    return Classifier(net, Vocab(["good", "bad"]), ["neg", "pos"], 9)


def test_evaluate_prints_the_calibration_error(here, model, two, capsys):
    model.save("model.npz")
    assert call("evaluate", "model.npz", "--data", two, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert call("evaluate", "model.npz", "--data", two) == 0
    assert re.search(rf"^ECE +{report['ece']:.4f}$", capsys.readouterr().out, re.M) and 0 < report["ece"] < 1


def test_where_no_temperature_is_best_there_is_none(model):
    x = model.encode(["good", "bad"])
    found = model.calibrate(x, model.scores(x) > 0)
    assert model.calibration is None and found["ece_after"] == found["ece_before"]
    assert calibration_line(model).startswith("calibration: none")


@pytest.mark.parametrize(
    "calibration",
    [
        *({"temperature": wrong} for wrong in (0.0, -1.0, 1e-9, 1e9, 2, True, "2", None)),
        *({}, {"temperature": 2.0, "bias": 1.0}, [2.0], 2.0),
    ],
)
def test_another_calibration_is_refused(model, said, calibration):
    model.calibration = calibration
    model.save("model.npz")
    assert "expected calibration to be null or one temperature from 0.01 to 100" in said("predict", "model.npz", "a b")


def test_the_file_says_what_the_model_was_trained_on(here, two):
    assert call("train", "--data", two, *TINY, "--out", "r") == 0
    told = Classifier.load("r").metrics["trained_on"]
    assert told["name"] == "two.tsv" and told["content"].startswith("40 texts of sha256 ")
    assert told["texts"] == {"train": {"neg": 18, "pos": 18}, "validation": {"neg": 2, "pos": 2}}
