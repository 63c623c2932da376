"""Figures hold what they were given, on the Axes they were given, and leave nothing behind."""

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.plot import accuracy_curve, confusion, learning_curve, loss_curve

HISTORY = [
    {"epoch": 1, "loss": 0.9, "val_loss": 0.8, "accuracy": 0.5, "val_accuracy": 0.6},
    {"epoch": 2, "loss": 0.5, "val_loss": 0.7, "accuracy": 0.7, "val_accuracy": 0.75},
    {"epoch": 3, "loss": 0.2, "val_loss": None, "accuracy": 0.9, "val_accuracy": None},
]


@pytest.fixture(autouse=True)
def nothing_left_open():
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.close("all")
    yield
    assert pyplot.get_fignums() == []


def lines(ax):
    """label -> (x, y) of every line that has points of data."""
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_learning_curve_holds_both_losses_by_epoch_and_marks_the_best():
    ax = learning_curve(HISTORY, best_epoch=2)
    assert isinstance(ax, Axes)
    assert lines(ax)["training"] == ([1, 2, 3], [0.9, 0.5, 0.2])
    assert lines(ax)["validation"] == ([1, 2], [0.8, 0.7])  # the third epoch was not scored
    assert lines(ax)["best epoch: 2"][0] == [2, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert labels(ax) == ["training", "validation", "best epoch: 2"]


def test_the_accuracy_curve_is_in_percent():
    ax = accuracy_curve(HISTORY, best_epoch=1)
    assert lines(ax)["training"][1] == pytest.approx([50, 70, 90])
    assert lines(ax)["validation"][1] == pytest.approx([60, 75])
    assert lines(ax)["best epoch: 1"][0] == [1, 1] and "%" in ax.get_ylabel()


@pytest.mark.parametrize("curve", [learning_curve, accuracy_curve])
def test_lines_differ_in_dash_as_well_as_in_colour_and_epochs_are_whole(curve):
    ax = curve(HISTORY)
    first, second = ax.lines
    assert first.get_linestyle() != second.get_linestyle() and first.get_color() != second.get_color()
    ax.figure.canvas.draw()
    assert all(tick == round(tick) for tick in ax.get_xticks())


@pytest.mark.parametrize("curve", [learning_curve, accuracy_curve])
def test_without_validation_there_is_one_line(curve):
    history = [{**row, "val_loss": None, "val_accuracy": None} for row in HISTORY]
    assert list(lines(curve(history))) == ["training"]


def test_the_books_curve_holds_the_logged_losses():
    ax = loss_curve([3.0, 2.0, 1.5], 20, ylim=(0, 4))
    assert lines(ax)["train"] == ([0, 1, 2], [3.0, 2.0, 1.5])
    assert ax.get_xlabel() == "iterations (x20)" and ax.get_ylim() == (0, 4)


def test_the_confusion_shows_counts_shares_and_names():
    ax = confusion([[1200, 300], [0, 0]], ["bad", "a label of more than sixteen letters"])
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts == {(0, 0): "1,200\n80.0%", (1, 0): "300\n20.0%", (0, 1): "0\n0.0%", (1, 1): "0\n0.0%"}
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == [tick.get_text() for tick in ax.get_yticklabels()]
    assert names[0] == "bad" and names[1] == "a label of m…een letters"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.8, 0.2], [0, 0]])
    dark, light = (next(t for t in ax.texts if t.get_position() == place) for place in ((0, 0), (1, 0)))
    assert dark.get_color() != light.get_color()


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: learning_curve(HISTORY, 1, ax),
        lambda ax: accuracy_curve(HISTORY, 1, ax),
        lambda ax: loss_curve([1.0], 1, ax),
        lambda ax: confusion([[1, 2], [3, 4]], ["a", "b"], ax),
    ],
)
def test_every_figure_is_drawn_on_the_axes_that_it_is_given(draw, tmp_path):
    left, right = Figure().subplots(1, 2)
    assert draw(right) is right and not left.has_data() and right.has_data()
    draw(None).figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
