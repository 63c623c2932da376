"""`--cell package.module:Class`: a cell or an encoder of one's own trains, is kept, and is asked again by its name."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call

from ch_sentiment.experiment.cells import own_cell
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import CELLS
from common.files.checkpoint import CheckpointError
from dataset.errors import DataError

SOURCE = '''
import numpy as np
from common.time_layers import Affine, TimeLSTM


class OwnLSTM(TimeLSTM):
    """A cell: a layer over whole sequences, with weights to start from."""


class MeanEncoder:
    """An encoder: (N, T, D) vectors and a mask -> (N, K)."""

    def __init__(self, wordvec_size, hidden_size, rng=None, dtype=np.float32):
        W = 0.1 * np.random.default_rng(rng).standard_normal((wordvec_size, hidden_size))
        self.affine = Affine(W.astype(dtype), np.zeros(hidden_size, dtype))
        self.params, self.grads, self.size = self.affine.params, self.affine.grads, hidden_size

    def forward(self, xs, mask):
        self.share = (mask / mask.sum(axis=1, keepdims=True)).astype(xs.dtype)[:, :, None]  # (N, T, 1)
        return self.affine.forward((xs * self.share).sum(axis=1))  # (N, T, D) -> (N, D) -> (N, K)

    def backward(self, dout):
        return self.affine.backward(dout)[:, None] * self.share


def function():
    pass
'''


@pytest.fixture
def own(here, monkeypatch):
    """A module with a cell and an encoder, in the working folder; the table of cells is as before afterwards."""
    (here / "mine.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(here))
    before = dict(CELLS)
    yield "mine"
    CELLS.clear()
    CELLS.update(before)
    sys.modules.pop("mine", None)


@pytest.mark.parametrize("name", ["mine:OwnLSTM", "mine:MeanEncoder"])
def test_it_trains_is_saved_and_predicts_again(own, name, capsys):
    assert call("train", "--data", "phrases-small", *TINY, "--cell", name, "--out", "r") == 0
    model = Classifier.load("r")
    assert type(model.net.encoder).__name__ in ("MeanEncoder", "RecurrentEncoder") and model.net.config["cell"] == name
    wanted = model.predict_proba(["not bad"])
    del CELLS[name]
    with pytest.raises(CheckpointError, match=r"a cell of rnn, .*or one of your own that --cell names, got 'mine:"):
        Classifier.load("r")
    CELLS[name] = getattr(sys.modules["mine"], name.partition(":")[2])
    np.testing.assert_array_equal(Classifier.load("r").predict_proba(["not bad"]), wanted)


def test_a_cell_of_ones_own_goes_both_ways_and_in_layers(own):
    more = ["--bidirectional", "--layers", 2, "--pool", "last"]
    assert call("train", "--data", "phrases-small", *TINY, "--cell", "mine:OwnLSTM", *more, "--out", "r") == 0
    assert call("train", "--data", "phrases-small", *TINY, "--cell", "lstm", *more, "--out", "l") == 0
    own_net, net = Classifier.load("r").net, Classifier.load("l").net
    assert all(map(np.array_equal, own_net.params, net.params))


def test_a_training_with_a_cell_of_ones_own_resumes_where_the_cell_is_named_again(own, said, capsys):
    train = ["train", "--data", "phrases-small", *TINY]
    assert call(*train, "--cell", "mine:OwnLSTM", "--epochs", 2, "--out", "whole") == 0
    assert call(*train, "--cell", "mine:OwnLSTM", "--epochs", 1, "--out", "r") == 0
    del CELLS["mine:OwnLSTM"]
    capsys.readouterr()
    for other in ([], ["--cell", "mine:MeanEncoder"]):
        assert "one of your own that --cell names, got 'mine:OwnLSTM'" in said("train", "--resume", "r", *other)
    assert call("train", "--resume", "r", "--epochs", 2, "--cell", "mine:OwnLSTM") == 0
    nets = [Classifier.load(folder).net for folder in ("whole", "r")]
    assert all(map(np.array_equal, *(net.params for net in nets)))


def test_the_working_folder_is_looked_in_last_and_the_path_is_as_before(own, monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(Path.cwd()))])
    before = sys.path[:]
    Path("json.py").write_text("class Mine:\n    forward = backward = None\n")
    own_cell("mine:OwnLSTM")
    with pytest.raises(DataError, match="got None"):
        own_cell("json:Mine")
    assert sys.path == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cell", "transformer"], "--cell: expected one of rnn, gru"),
        (["--cell", "nowhere.at.all:Class"], "cannot be imported"),
        (["--cell", "mine:Missing"], "expected a class with forward and backward, got None"),
        (["--cell", "mine:function"], "expected a class with forward and backward"),
        (["--cell", "mine:os.system"], "package.module:Class, got 'mine:os.system'"),
        (["--cell", "mine:MeanEncoder", "--bidirectional"], "--bidirectional: expected a recurrent layer as --cell"),
        (["--cell", "mine:MeanEncoder", "--pool", "mean"], "--pool: expected a recurrent layer as --cell"),
    ],
)
def test_what_is_no_cell_is_one_line(own, said, arguments, message):
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        assert message in said("train", "--data", "phrases-small", *TINY, *arguments)
    finally:
        sys.dont_write_bytecode = before
