"""The range test raises the rate as it says, knows when to stop, and suggests a rate where the loss falls."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import call

from ch_sentiment.__main__ import main
from ch_sentiment.commands.lr_find import NO_PART
from common.optimizer import SGD
from common.plot import range_curve
from common.trainer import Trainer
from common.training.lr_range import EXPLODED, SMOOTHING, RangeTest, steepest


class Slope:
    """A model whose losses are given; its one parameter does not matter."""

    def __init__(self, losses):
        self.params, self.grads = [np.zeros(1)], [np.zeros(1)]
        self.losses = iter(losses)

    def forward(self, x, t):
        return next(self.losses)

    def backward(self):
        pass


def fit(losses, test):
    x = np.zeros((len(losses), 1))
    trainer = Trainer(Slope(losses), SGD(), [test], 0)
    trainer.fit(x, np.zeros(len(x)), 1, 1, None, None)
    return trainer


def test_rates_grow_by_one_factor_from_the_first_to_the_last():
    test = RangeTest(1e-4, 1.0, 5)
    trainer = fit([1.0] * 9, test)
    np.testing.assert_allclose(test.rates, [1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert trainer.stop_reason == "the highest rate is reached" and trainer.step == 5


def test_losses_are_smoothed_and_freed_of_their_start():
    test = RangeTest(1e-4, 1.0, 3)
    fit([2.0, 1.0, 1.0], test)
    second = (SMOOTHING * 2 + 1) / (SMOOTHING + 1)
    assert test.losses[:2] == pytest.approx([2, second]) and 1 < test.losses[2] < second


def test_it_stops_where_the_loss_explodes():
    test = RangeTest(1e-4, 1.0, 90)
    trainer = fit([1.0] * 20 + [100.0] * 70, test)
    assert trainer.stop_reason == "the loss explodes" and 20 < len(test.rates) < 30
    assert test.losses[-1] > EXPLODED * min(test.losses) >= test.losses[-2]


@pytest.mark.parametrize("how", [(0, 1, 9), (1, 1, 9), (2, 1, 9), (1e-3, 1, 1)])
def test_a_range_that_is_none_is_a_value_error(how):
    with pytest.raises(ValueError, match="RangeTest: expected"):
        RangeTest(*how)


def test_the_steepest_is_where_the_loss_falls_fastest_against_the_logarithm():
    rates = np.logspace(-5, 0, 101)
    losses = 1 - 0.5 / (1 + np.exp(-8 * (np.log10(rates) + 2)))  # an S that falls fastest at 0.01
    assert steepest(rates, losses) == pytest.approx(0.01, rel=0.13)  # a step to either side
    after = np.append(losses, [5, 0.6])  # what comes after the smallest is no descent
    assert steepest(np.append(rates, [2, 3]), after) == pytest.approx(0.01, rel=0.13)
    lucky = losses.copy()
    lucky[30:32] -= 0.08
    assert steepest(rates, lucky) == pytest.approx(0.01, rel=0.13)
    assert steepest(rates, np.linspace(1, 2, 101)) is None


def test_the_figure_has_a_logarithmic_axis_and_marks_the_suggestion():
    ax = range_curve([1e-3, 1e-2, 1e-1], [3.0, 2.0, 4.0], 1e-2)
    curve, mark = ax.lines
    assert ax.get_xscale() == "log" and list(curve.get_ydata()) == [3, 2, 4] and list(mark.get_xdata()) == [0.01, 0.01]
    assert curve.get_linestyle() != mark.get_linestyle()
    assert len(range_curve([1e-3, 1e-2], [3.0, 2.0]).lines) == 1


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


TINY = ["--data", "phrases-small", "--hidden", "8", "--dropout", "0", "--quiet", "--out", "r"]


def test_the_command_writes_what_it_found(capsys):
    assert main(["lr-find", *TINY, "--steps", "60"]) == 0
    out = capsys.readouterr().out
    assert sorted(os.listdir("r")) == ["lr_find.json", "lr_find.png"]
    found = json.loads(Path("r/lr_find.json").read_text())
    assert found["rates"][0] == pytest.approx(1e-5) and found["suggestion"] in found["rates"]
    assert len(found["rates"]) == len(found["losses"]) > 30
    assert f"--lr {found['suggestion']:.2g}" in out


def test_a_loss_that_is_no_number_is_an_end_and_no_error(capsys):
    assert main(["lr-find", *TINY, "--optimizer", "sgd", "--clip", "1e30", "--steps", "30", "--high", "1e300"]) == 0
    found = json.loads(Path("r/lr_find.json").read_text())
    assert 2 <= len(found["rates"]) < 30 and found["stopped"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--low", "1", "--high", "0.5"], "--low"),
        (["--recipe", "x"], "--recipe"),
        (["--recipe", "bow", "--pool", "max"], "--pool: expected a recurrent model, got bow"),
        *((["--" + name.replace("_", "-"), "1"], "unrecognized arguments") for name in NO_PART),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(arguments, words, capsys):
    assert call("lr-find", *TINY, *arguments) == 2
    assert words in capsys.readouterr().err and not os.listdir(".")


def test_to_overwrite_is_to_overwrite_its_own_results_and_no_model():
    Path("r").mkdir()
    for name in ("model.npz", "lr_find.json"):
        Path("r", name).write_text("old")
    assert main(["lr-find", *TINY, "--steps", "5", "--overwrite"]) == 0
    assert Path("r/model.npz").read_text() == "old" and Path("r/lr_find.json").read_text() != "old"
