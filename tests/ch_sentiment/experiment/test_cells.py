"""`--cell package.module:Class`: a cell or an encoder of one's own trains, is kept, and is asked again by its name."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, call, same_weights

from ch_sentiment.experiment.cells import register_cell
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.model import CELLS
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
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


class NoMask(TimeLSTM):
    def forward(self, xs):
        return super().forward(xs)


def function():
    pass
'''


@pytest.fixture
def own(here, monkeypatch):
    """A module with a cell and an encoder, in the working folder; the table of cells is as before afterwards."""
    (here / "mine.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # so that nothing new in the folder is ours
    importlib.invalidate_caches()
    before = dict(CELLS)
    yield "mine"
    CELLS.clear()
    CELLS.update(before)
    for module in ("mine", "broken"):
        sys.modules.pop(module, None)


def forget(*names):
    for name in names:
        del CELLS[name]


@pytest.mark.parametrize("name", ["mine:OwnLSTM", "mine:MeanEncoder"])
def test_it_trains_is_saved_and_predicts_again(own, name, capsys):
    assert call("train", "--data", "phrases-small", *TINY, "--cell", name, "--out", "r") == 0
    model = Classifier.load("r")
    assert type(model.net.encoder).__name__ in ("MeanEncoder", "RecurrentEncoder") and model.net.config["cell"] == name
    wanted = model.predict_proba(["not bad"])
    del CELLS[name]
    with pytest.raises(CheckpointError, match=rf"expected its cell '{name}' to be named: --cell {name}$"):
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
        error = said("train", "--resume", "r", *other)
        assert "last.npz: expected its cell 'mine:OwnLSTM' to be named: --cell mine:OwnLSTM\n" in error
    assert call("train", "--resume", "r", "--epochs", 2, "--cell", "mine:OwnLSTM") == 0
    nets = [Classifier.load(folder).net for folder in ("whole", "r")]
    assert all(map(np.array_equal, *(net.params for net in nets)))


def test_each_of_several_models_may_have_a_cell_of_ones_own(own, capsys):
    for name, out in (("mine:OwnLSTM", "a"), ("mine:MeanEncoder", "b")):
        assert call("train", "--data", "phrases-small", *TINY, "--cell", name, "--out", out) == 0
    wanted = np.mean([Classifier.load(out).predict_proba(["not bad"]) for out in "ab"], axis=0)
    forget("mine:OwnLSTM", "mine:MeanEncoder")
    capsys.readouterr()
    assert call("predict", "a", "--with", "b", "--cell", "mine:OwnLSTM", "not bad") == 2
    assert "b/model.npz: expected its cell 'mine:MeanEncoder' to be named" in capsys.readouterr().err
    cells = ["--cell", "mine:OwnLSTM", "--cell", "mine:MeanEncoder"]
    assert call("predict", "a", "--with", "b", *cells, "--json", "not bad") == 0
    answer = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(list(answer["probabilities"].values()), wanted[0], rtol=1e-5)


def test_a_file_of_a_training_that_lacks_something_is_named_in_plain_words(own, said, capsys):
    assert call("train", "--data", "phrases-small", *TINY, "--out", "r") == 0
    arrays, meta = load_checkpoint("r/last.npz")
    capsys.readouterr()
    for name, value, words in (
        ("net", None, "'net' is missing"),
        ("model", "Other", "SentimentNet, BagOfWords, NBSVM"),
    ):
        about = {key: there for key, there in meta["about"].items() if key != name or value}
        save_arrays("r/last.npz", arrays, {**meta, "about": {**about, **({name: value} if value else {})}})
        error = said("train", "--resume", "r")
        assert words in error and "Error(" not in error


BROKEN = """
import sys
import numpy as np
from common.recurrent.lstm import LSTM
from common.time_layers import TimeLSTM
from mine import MeanEncoder


class OneStep(LSTM):
    pass


class Constructor(TimeLSTM):
    def __init__(self):
        pass


class NoSize(MeanEncoder):
    def __init__(self, *sizes, **more):
        super().__init__(*sizes, **more)
        del self.size


class OtherSize(MeanEncoder):
    def __init__(self, *sizes, **more):
        super().__init__(*sizes, **more)
        self.size = 99


class ForwardRaises(TimeLSTM):
    def forward(self, xs, mask=None):
        raise RuntimeError("several\\nlines")


class ForwardLeaves(TimeLSTM):
    def forward(self, xs, mask=None):
        sys.exit(5)


class NoMemory(TimeLSTM):
    def forward(self, xs, mask=None):
        raise MemoryError


class Nothing(TimeLSTM):
    def forward(self, xs, mask=None):
        return None


class NoMask(MeanEncoder):
    def forward(self, xs):
        return super().forward(xs, np.ones(xs.shape[:2], bool))


class BackwardRaises(TimeLSTM):
    def backward(self, dhs):
        return {}["dhs"]


class NoGradient(MeanEncoder):
    def backward(self, dout):
        super().backward(dout)
"""
NO_LAYER = "expected a layer over whole sequences or an encoder; "


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("OneStep", "with forward(xs, mask), got forward(self, x, h_prev, c_prev)"),
        ("Constructor", f"{NO_LAYER}it cannot be made (TypeError: "),
        ("NoSize", f"{NO_LAYER}it cannot be made (AttributeError: 'NoSize' object has no attribute 'size'"),
        ("OtherSize", "failed (ValueError: expected an array of shape (2, 99), got (2, "),
        ("ForwardRaises", f"{NO_LAYER}its forward(xs, mask) failed (RuntimeError: several lines)"),
        ("ForwardLeaves", "its forward(xs, mask) failed (SystemExit: 5)"),
        ("Nothing", "its forward(xs, mask) failed ("),
        ("NoMask", "its forward(xs, mask) failed (TypeError: "),
        ("BackwardRaises", "its backward(dout) failed (KeyError: 'dhs')"),
        ("NoGradient", "its backward(dout) failed (ValueError: expected an array of shape (2, 3, 4), got NoneType)"),
    ],
)
@pytest.mark.parametrize("command", ["train", "lr-find", "tune"])
def test_a_cell_that_fails_is_one_line_and_nothing_is_written(own, said, command, name, message):
    Path("broken.py").write_text(BROKEN)
    sizes = ["--hidden", 4, "--wordvec", 4, "--quiet"]
    error = said(command, "--data", "phrases-small", *sizes, "--cell", f"broken:{name}")
    assert error.startswith(f"sentifish {command}: --cell broken:{name}: ") and message in error


def test_a_search_over_cells_tries_each_before_anything_is_written(own, said):
    Path("broken.py").write_text(BROKEN)
    vary = ["--vary", "cell=lstm,broken:Constructor", "--trials", 20]
    assert "--cell broken:Constructor: " in said("tune", "--data", "phrases-small", *TINY, *vary)


def test_no_memory_is_said_in_words(own, said):
    Path("broken.py").write_text(BROKEN)
    error = said("train", "--data", "phrases-small", *TINY, "--cell", "broken:NoMemory")
    assert error == "sentifish train: not enough memory\n"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def f(:", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(5)", "SystemExit: 5"),
        ("raise RuntimeError", "RuntimeError"),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(own, said, phrases_model, source, why):
    Path("broken.py").write_text(source)
    for command in (["train", "--data", "phrases-small", *TINY], ["predict", phrases_model, "good"]):
        error = said(*command, "--cell", "broken:Cell")
        assert f"--cell broken:Cell: its module cannot be imported ({why}" in error


def test_a_cell_that_fails_later_is_named_where_its_model_is_read(own, said, capsys):
    assert call("train", "--data", "phrases-small", *TINY, "--cell", "mine:OwnLSTM", "--out", "r") == 0
    capsys.readouterr()
    sys.modules["mine"].OwnLSTM.forward = lambda self, xs: xs.no_such_thing
    failed = f"--cell mine:OwnLSTM: {NO_LAYER}its forward(xs, mask) failed (AttributeError: "
    assert f"r/model.npz: {failed}" in said("predict", "r", "good")
    assert f"r/last.npz: {failed}" in said("train", "--resume", "r")


def test_the_trial_of_a_cell_changes_no_number(own, monkeypatch):
    assert call("train", "--data", "phrases-small", *TINY, "--cell", "mine:OwnLSTM", "--out", "r") == 0
    monkeypatch.setattr("ch_sentiment.experiment.build.try_cell", lambda arguments: None)
    assert call("train", "--data", "phrases-small", *TINY, "--cell", "mine:OwnLSTM", "--out", "without") == 0
    assert same_weights("r", "without")


def test_the_working_folder_is_looked_in_last_and_the_path_is_as_before(own, monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(Path.cwd()))])
    before = sys.path[:]
    Path("json.py").write_text("class Mine:\n    forward = backward = None\n")
    register_cell("mine:OwnLSTM")
    with pytest.raises(DataError, match="got None"):
        register_cell("json:Mine")
    assert sys.path == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cell", "cnn"], "--cell: expected one of rnn, gru"),
        (["--cell", "transformer", "--bidirectional"], "transformer is an encoder by itself (--no-bidirectional)"),
        (["--cell", "nowhere.at.all:Class"], "cannot be imported"),
        (["--cell", "mine:Missing"], "expected a class with forward and backward, got None"),
        (["--cell", "mine:function"], "expected a class with forward and backward"),
        (["--cell", "mine:os.system"], "package.module:Class, got 'mine:os.system'"),
        (
            ["--cell", "mine:NoMask"],
            "with forward(xs, mask), got forward(self, xs)",
        ),
        (["--cell", "mine:MeanEncoder", "--bidirectional"], "--bidirectional: expected a recurrent layer as --cell"),
        (["--cell", "mine:MeanEncoder", "--pool", "mean"], "--pool: expected a recurrent layer as --cell"),
    ],
)
def test_what_is_no_cell_is_one_line(own, said, arguments, message):
    assert message in said("train", "--data", "phrases-small", *TINY, *arguments)
