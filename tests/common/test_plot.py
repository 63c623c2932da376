"""Figures hold what they were given, on the Axes they were given, and leave nothing behind."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from common.plot import (
    accuracy_curve,
    attention_map,
    confusion,
    confusion_and_scores,
    gradient_norms,
    learning_curve,
    length_histogram,
    loss_curve,
    per_class,
    principal_components,
    range_curve,
    reliability_diagram,
    roc,
    word_map,
)

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


ROWS = {
    "bad": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 5},
    "a label of more than sixteen letters": {"precision": 0.9, "recall": 1.0, "f1": 0.947, "n": 1200},
}


def test_the_scores_of_each_class_are_three_bars_beside_the_confusion():
    left, right = confusion_and_scores([[0, 5], [0, 1200]], ROWS)
    assert left.figure is right.figure and left.images and len(right.containers) == 3
    for bars, key in zip(right.containers, ("precision", "recall", "f1")):
        assert [bar.get_width() for bar in bars] == [row[key] for row in ROWS.values()]
    names = [tick.get_text() for tick in right.get_yticklabels()]
    assert names == ["bad (5)", "a label of m…een letters (1,200)"]
    above, below = right.transData.transform([(0, 0), (0, 1)])
    assert above[1] > below[1]  # in the order of the confusion
    left.figure.draw_without_rendering()
    assert not left.get_tightbbox().overlaps(right.get_tightbbox())


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


@pytest.mark.parametrize("C", [2, 5, 8, 9, 20, 50, 200, 1000])
def test_a_confusion_of_many_classes_is_no_larger_than_a_screen_and_nothing_in_it_overlaps(C):
    matrix = np.diag(np.full(C, 12_345)) + np.eye(C, k=1, dtype=int)
    ax = confusion(matrix, [f"comp.sys.hardware.number{i}" for i in range(C)])
    assert (ax.figure.get_size_inches() <= 12.5).all()
    ax.figure.draw_without_rendering()
    assert ax.figure.bbox.contains(*ax.get_tightbbox().min) and ax.figure.bbox.contains(*ax.get_tightbbox().max)
    size = ax.get_window_extent().height / C  # of a cell
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(box.width <= size and box.height <= size for box in boxes)
    below = ax.get_yticklabels()
    for label, other in itertools.pairwise(below):
        assert not label.get_window_extent().overlaps(other.get_window_extent())
    assert min(text.get_fontsize() for text in (*ax.texts, *below)) >= 6
    assert len(below) == C if C <= 50 else 50 <= len(below) < C


def test_few_classes_are_counted_with_zeros_many_without_and_very_many_are_shaded_beside_a_scale():
    def matrix(C):
        return np.eye(C, dtype=int) * 7

    few, many, shaded = (confusion(matrix(C), list(map(str, range(C)))) for C in (8, 20, 50))
    assert len(few.texts) == 64 and {text.get_text() for text in few.texts} == {"7\n100.0%", "0\n0.0%"}
    assert len(many.texts) == 20 and {text.get_text() for text in many.texts} == {"7\n100%"}
    assert len(shaded.texts) == 0 and len(shaded.figure.axes) == 2
    assert shaded.figure.axes[1].get_ylabel() == "share of the true class"


def test_a_confusion_has_the_names_as_they_are_and_room_in_given_axes():
    ax = Figure(figsize=(4, 3)).subplots(1, 2)[1]
    confusion([[1, 2, 3]] * 3, ["$x_1$", "_hidden", "a\nb" + 30 * "é"], ax)
    assert tick_labels(ax.xaxis) == ["$x_1$", "_hidden", "a b" + 9 * "é" + "…" + 11 * "é"]
    ax.figure.draw_without_rendering()
    assert all(text.get_window_extent().width < ax.bbox.width / 3 for text in ax.texts)


def tick_labels(axis):
    return [tick.get_text() for tick in axis.get_ticklabels()]


def bars(ax):
    """(middle, width, height) of every bar."""
    return [(bar.get_x() + bar.get_width() / 2, bar.get_width(), bar.get_height()) for bar in ax.patches]


def test_a_roc_curve_is_drawn_for_every_name_beside_that_of_chance():
    ax = roc({"a": ([0, 0.2, 1], [0, 0.9, 1]), "b": ([0, 0.5, 1], [0, 0.6, 1])})
    assert lines(ax) == {
        "by chance": ([0, 1], [0, 1]),
        "a": ([0, 0.2, 1], [0, 0.9, 1]),
        "b": ([0, 0.5, 1], [0, 0.6, 1]),
    }
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("false positive rate", "true positive rate")
    assert labels(ax) == ["by chance", "a", "b"]


def test_the_reliability_diagram_holds_accuracy_confidence_and_count_of_what_is_not_empty():
    nan = np.nan
    ax = reliability_diagram([nan, nan, 0.55, nan, 0.9], [nan, nan, 0.5, nan, 0.7], [0, 0, 20, 0, 1234])
    assert bars(ax) == [pytest.approx((0.5, 0.2, 0.5)), pytest.approx((0.9, 0.2, 0.7))]
    (sure,) = ax.collections
    np.testing.assert_allclose(sure.get_segments(), [[[0.4, 0.55], [0.6, 0.55]], [[0.8, 0.9], [1, 0.9]]])
    (above,) = ax.child_axes
    assert tick_labels(above.xaxis) == ["20", "1,234"] and above.get_xlabel() == "answers"
    assert (ax.get_xlim(), ax.get_ylim()) == (pytest.approx((0.4, 1)), (0, 1))
    assert set(labels(ax)) == {"how often right", "how sure"}


def test_lengths_are_counted_and_the_limit_is_marked():
    ax = length_histogram([1, 2, 2, 5], limit=2)
    assert bars(ax) == [(0, 1, 0), (1, 1, 1), (2, 1, 2), (3, 1, 0), (4, 1, 0), (5, 1, 1)]
    assert lines(ax)["limit 2: 25.0% are longer"][0] == [2.5, 2.5] and len(labels(ax)) == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("tokens in a text", "texts")


def test_long_texts_share_bars_and_none_is_lost():
    lengths = np.random.default_rng(0).integers(0, 1000, 500)
    found = bars(length_histogram(lengths))
    assert 35 <= len(found) <= 45 and sum(height for _, _, height in found) == 500
    for middle, width, height in found:
        assert height == np.sum(np.abs(lengths - middle) < width / 2)
    assert length_histogram([]).get_legend() is None


def test_the_attention_map_is_the_text_in_rows_of_eight_shaded_by_weight():
    words = [f"word{i}" for i in range(11)] + ["a$long$expression"]
    weight = np.arange(12) / 66
    ax = attention_map(weight, words)
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts[0, 0] == "word0\n0.0%" and texts[7, 0] == "word7\n10.6%" and texts[0, 1] == "word8\n12.1%"
    assert texts[3, 1] == "a$lon…ssion\n16.7%" and len(texts) == 12
    shades = ax.images[0].get_array()
    np.testing.assert_allclose(shades.ravel()[:12], weight)
    assert shades.shape == (2, 8) and shades.mask.ravel().sum() == 4  # blank behind the last word
    assert ax.images[0].get_clim() == (0, pytest.approx(weight.max()))
    assert ax.texts[0].get_color() != ax.texts[11].get_color()
    with pytest.raises(ValueError, match="attention_map: expected a weight for each of 2 words, got 3"):
        attention_map([0.2, 0.3, 0.5], ["a", "b"])


def test_gradient_norms_are_drawn_by_step_on_a_logarithmic_axis():
    ax = gradient_norms({"RNN": [1e-9, 1e-3, 1], "LSTM": [0.1, 0.5, 1]})
    assert lines(ax) == {"RNN": ([1, 2, 3], [1e-9, 1e-3, 1]), "LSTM": ([1, 2, 3], [0.1, 0.5, 1])}
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "time step" and labels(ax) == ["RNN", "LSTM"]


@pytest.mark.parametrize("draw", [roc, gradient_norms])
def test_four_lines_differ_in_dash_and_in_a_colour_of_okabe_and_ito(draw):
    points = {roc: ([0, 1], [0, 1]), gradient_norms: [1, 2]}[draw]
    drawn = [line for line in draw(dict.fromkeys("abcd", points)).lines if line.get_label() in "abcd"]
    assert len({line.get_linestyle() for line in drawn}) == len({line.get_color() for line in drawn}) == 4
    assert {to_hex(line.get_color()).upper() for line in drawn} == {"#0072B2", "#D55E00", "#009E73", "#000000"}


@pytest.mark.parametrize("seed", range(4))
def test_principal_components_are_the_eigenvectors_of_the_covariance(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((30, 5)) @ rng.standard_normal((5, 5)) + 7
    variance, directions = np.linalg.eigh(np.cov(x.T))
    first, second = directions.T[::-1][:2]
    places, share = principal_components(x)
    for column, direction in zip(places.T, (first, second)):
        direction = direction * np.sign(direction[np.abs(direction).argmax()])
        np.testing.assert_allclose(column, (x - x.mean(axis=0)) @ direction, atol=1e-12)
    np.testing.assert_allclose(share, variance[::-1][:2] / variance.sum())


def crowd(count):
    vectors = np.random.default_rng(1).standard_normal((count, 6))
    return vectors, [f"word{i}" for i in range(count)], ["ab"[i % 2] for i in range(count)]


def test_the_word_map_shows_each_group_by_a_marker_and_each_word_by_its_name():
    vectors, words, groups = crowd(7)
    ax = word_map(vectors, words, groups)
    places, share = principal_components(vectors)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), places[::2])
    np.testing.assert_allclose(ax.collections[1].get_offsets(), places[1::2])
    one, other = (len(points.get_paths()[0].vertices) for points in ax.collections)
    assert one != other and labels(ax) == ["a", "b"]  # a circle has more corners than a square
    assert [text.get_text() for text in ax.texts] == words
    for i, text in enumerate(ax.texts):
        distance = np.linalg.norm(ax.transData.transform(places) - ax.transData.transform(text.get_position()), axis=1)
        assert distance.argmin() == i
    assert ax.get_xlabel() == f"first component, {share[0]:.0%} of the variance"
    with pytest.raises(ValueError, match="word_map: expected as many vectors as words and groups, got 7, 6 and 7"):
        word_map(vectors, words[:6], groups)


def test_no_word_of_the_map_touches_a_point_another_word_or_the_frame():
    vectors, words, groups = crowd(25)
    vectors[:4] *= 9  # so that all others stand close together
    words = [f"a rather long {word}" for word in words]
    ax = word_map(vectors, words, groups)
    ax.figure.set_dpi(150)  # as it is written, not as it was placed
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    points = ax.transData.transform(principal_components(vectors)[0])
    for i, box in enumerate(boxes):
        assert box.count_overlaps(boxes[:i]) == 0 and not any(box.contains(*point) for point in points)
        assert ax.bbox.contains(*box.min) and ax.bbox.contains(*box.max)


FIGURES = {
    "learning": lambda ax: learning_curve(HISTORY, 1, ax),
    "accuracy": lambda ax: accuracy_curve(HISTORY, 1, ax),
    "loss": lambda ax: loss_curve([1.0], 1, ax),
    "range": lambda ax: range_curve([0.1, 1], [2, 1], 0.5, ax),
    "confusion": lambda ax: confusion([[1, 2], [3, 4]], ["a", "b"], ax),
    "per_class": lambda ax: per_class(ROWS, ax),
    "roc": lambda ax: roc({"a": ([0, 1], [0, 1])}, ax),
    "reliability": lambda ax: reliability_diagram(np.arange(15) / 15, np.arange(15) / 15, [10_000] * 15, ax),
    "lengths": lambda ax: length_histogram([1, 2, 300], 200, ax),
    "attention": lambda ax: attention_map(np.full(12, 1 / 12), ["WWWWWWWWWWW"] * 12, ax),
    "gradients": lambda ax: gradient_norms({"a": [1e-40, 1]}, ax),
    "words": lambda ax: word_map(*crowd(5), ax),
}


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_every_figure_is_drawn_on_the_axes_that_it_is_given(draw, tmp_path):
    left, right = Figure().subplots(1, 2)
    assert draw(right) is right and not left.has_data() and right.has_data()
    draw(None).figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_no_text_is_cut_off_and_none_of_the_texts_inside_overlap(draw):
    ax = draw(None)
    ax.figure.draw_without_rendering()
    whole, found = ax.figure.bbox, ax.get_tightbbox()
    assert whole.x0 <= found.x0 and whole.y0 <= found.y0 and found.x1 <= whole.x1 and found.y1 <= whole.y1
    above = [child.get_xticklabels() for child in ax.child_axes]
    for texts in (ax.texts, ax.get_xticklabels(), ax.get_yticklabels(), *above):
        boxes = [text.get_window_extent() for text in texts if text.get_text()]
        assert all(box.count_overlaps(boxes[:i]) == 0 for i, box in enumerate(boxes))
