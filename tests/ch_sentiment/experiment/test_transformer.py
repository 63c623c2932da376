"""`--cell transformer`: trained, resumed, searched, asked and explained as a recurrent cell is."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, same_weights

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.run import fit

TRAIN = ["train", "--data", "phrases-small", *TINY, "--cell", "transformer"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transformer") / "run"
    assert call(*TRAIN, "--layers", 2, "--pool", "max-mean", "--dropout", 0.2, "--out", folder) == 0
    return folder


def test_layers_pool_and_dropout_reach_it_and_are_read_back(run):
    net = Classifier.load(run).net
    wanted = {"cell": "transformer", "num_layers": 2, "pool": "max-mean", "dropout": 0.2, "bidirectional": False}
    assert {name: net.config[name] for name in wanted} == wanted
    blocks = net.encoder.encoder.blocks
    assert len(blocks) == 2 and blocks[0].attention.num_heads == 4 and net.encoder.size == 8
    assert "encoder.encoder.block1.attend.1.W_q" in net.param_names
    assert [layer.dropout_ratio for layer in net.encoder.encoder.layers if hasattr(layer, "dropout_ratio")] == [0.2]


def test_a_training_goes_on_where_it_stopped(here, no_figures):
    assert call(*TRAIN, "--epochs", 3, "--out", "whole") == 0
    assert call(*TRAIN, "--epochs", 1, "--schedule", "constant", "--out", "r") == 0
    assert call("train", "--resume", "r", "--epochs", 2, "--quiet") == 0
    assert call(*TRAIN, "--epochs", 2, "--schedule", "constant", "--out", "two") == 0
    assert same_weights("r", "two") and not same_weights("r", "whole")


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("predict", ["not bad at all"]),
        ("explain", ["not bad at all"]),
        ("evaluate", ["--data", "phrases-small"]),
        ("audit", []),
        ("inspect", []),
    ],
)
def test_every_command_asks_it(run, command, more, here, no_figures, capsys):
    assert call(command, run, *more) == 0
    out, err = capsys.readouterr()
    assert out and not err


@pytest.mark.parametrize("command", ["lr-find", "tune"])
def test_every_search_trains_it(command, here, no_figures, capsys):
    vary = ["--vary", "cell=lstm,transformer", "--trials", 2] if command == "tune" else ["--cell", "transformer"]
    how = [setting for setting in TINY if command == "tune" or setting not in ("--epochs", "2")]
    assert call(command, "--data", "phrases-small", *how, *vary, "--out", "r") == 0


def test_an_explanation_names_the_words_of_the_text(run, capsys):
    assert call("explain", run, "--json", "not bad at all") == 0
    assert "bad" in json.dumps(json.loads(capsys.readouterr().out))


def test_texts_in_memory_train_it_and_it_predicts_alone_what_it_predicts_in_company():
    texts, labels = ["good film", "a bad film indeed", "good", "bad bad"] * 5, ["p", "n", "p", "n"] * 5
    model = fit(texts, labels, cell="transformer", hidden=4, wordvec=4, epochs=2, validation=0.2)
    together = model.predict_proba(texts)
    alone = np.concatenate([model.predict_proba([text]) for text in texts[:4]])
    np.testing.assert_allclose(together[:4], alone, rtol=1e-5, atol=1e-6)


def test_its_file_needs_no_more_than_itself(run, here):
    Path("other.npz").write_bytes((run / "model.npz").read_bytes())
    ours, theirs = Classifier.load(run), Classifier.load("other.npz")
    assert np.array_equal(ours.predict_proba(["not bad"]), theirs.predict_proba(["not bad"]))
