"""`sentifish train --wide`: any net with a linear part, resumed to the bit, answered and explained as other models."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import THREE, TINY, call, lines_of

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.run import fit
from ch_sentiment.wide import linear
from ch_sentiment.wide.wide_net import WideNet

pytestmark = pytest.mark.usefixtures("here", "no_figures")
QUIET_OFF = [argument for argument in TINY if argument != "--quiet"]


@pytest.mark.parametrize(
    "how",
    [
        [],
        ["--cell", "transformer", "--adversarial", "0.1"],
        ["--cell", "gru", "--bidirectional", "--softmax", "--pairvec", "2", "--naive-bayes"],
        ["--ngrams", "1", "--class-weight", "balanced", "--max-len", "2"],
    ],
    ids=str,
)
def test_it_trains_says_what_the_linear_part_reaches_and_answers(how, two, capsys):
    assert call("train", "--data", two, *QUIET_OFF, "--wide", *how, "--out", "r") == 0
    out, err = capsys.readouterr()
    words = "1 words" if "1" in how else "3 words"
    assert f"n-grams of up to {words}\n" in out and err == ""
    alone = r"on the 4 validation texts the net alone has \S+%, the linear part alone 100.00%"
    assert re.search(alone + r", \d.\d\d net \+ \d.\d\d linear part \S+%\n", out)
    model = Classifier.load("r")
    assert type(model.net) is WideNet and model.max_len == 10_000
    assert call("evaluate", "r", "--data", two, "--json") == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1
    assert call("explain", "r", "good fine thing number1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label"] == "pos" and len(found["words"]) == 4
    assert sum(w["gradients"] for w in found["words"]) == pytest.approx(found["margin"] - found["baseline"], rel=0.03)
    assert call("predict", "r", "--with", "r", "bad thing") == 0


def test_three_classes_in_memory():
    labels, texts = zip(*THREE)
    model = fit(texts, labels, wide=True, hidden=4, wordvec=4, epochs=1)
    assert model.predict_proba(["good thing", "bad thing", "odd thing"]).argmax(axis=1).tolist() == [0, 1, 2]
    assert model.net.shares.tolist() == [model.metrics["wide"][name] for name in "ab"]


def test_a_training_resumes_to_the_bit_without_fitting_again(two, monkeypatch, capsys):
    train = ["train", "--data", two, *TINY, "--wide"]
    assert call(*train, "--epochs", "3", "--out", "whole") == call(*train, "--epochs", "1", "--out", "r") == 0
    monkeypatch.setattr("ch_sentiment.experiment.linear_part.fit_linear", None)
    assert call("train", "--resume", "r", "--epochs", "3") == 0
    assert Path("r/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()


def test_weights_reach_the_linear_part(write, monkeypatch):
    seen = []

    def watch(*arguments):
        seen.append(arguments[6])
        return linear.fit_linear(*arguments)

    monkeypatch.setattr("ch_sentiment.experiment.linear_part.fit_linear", watch)
    rows = [("np"[i % 2], 1 + i % 2, f"{('poor', 'fine')[i % 2]} film number{i}") for i in range(40)]
    write("films.tsv", "label\tweight\ttext\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    how = ["--data", "films.tsv", "--weight-column", "weight", "--class-weight", "balanced"]
    assert call("train", *how, *TINY, "--wide", "--out", "r") == 0
    ((of_loss, of_counts),) = seen
    assert np.unique(of_counts).size == 2 and np.ptp(of_loss) < 1e-9


def test_one_seed_is_one_file(two):
    for out in "ab":
        assert call("train", "--data", two, *TINY, "--wide", "--out", out) == 0
    assert Path("a/model.npz").read_bytes() == Path("b/model.npz").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--recipe", "nbsvm", "--wide"], "--wide: expected a recurrent model, got nbsvm"),
        (["--model", "bow", "--wide"], "--wide: expected a recurrent model, got bow"),
        (["--ngrams", "3"], "--ngrams: expected --wide or --model nbsvm, got neither"),
        (["--wide", "--ngrams", "0"], "expected a whole number above 0"),
        (["--wide", "--ngrams", "40"], "words for n-grams of 40, got a vocabulary of"),
        (["--model", "nbsvm", "--ngrams", "40"], "words for n-grams of 40, got a vocabulary of"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(arguments, told, two, said):
    assert told in said("train", "--data", two, *TINY, *arguments)


def test_nbsvm_takes_ngrams_of_three(write, capsys):
    """The order of three words decides, of which every pair stands in texts of both classes."""
    orders = {"p": ["a b c", "b c a", "c a b"], "n": ["c b a", "b a c", "a c b"]}
    write("orders.tsv", lines_of([(label, text) for label, texts in orders.items() for text in texts] * 8))
    how = ["--data", "orders.tsv", "--recipe", "nbsvm", "--lr", "0.1", "--epochs", "5", "--out"]
    assert call("train", *how, "r", "--ngrams", "3") == 0
    assert "n-grams of 2 to 3 words" in capsys.readouterr().out
    model = Classifier.load("r")
    assert model.net.config["ngrams"] == 3 and model.predict_proba(["a b c", "c b a"]).argmax(axis=1).tolist() == [1, 0]
