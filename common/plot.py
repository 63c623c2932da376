"""Figures. Every function plots on the given matplotlib Axes (or on new ones) and returns them.

None shows or saves anything. Series differ in dash or marker as well as in colour, for prints in grey.
"""

import itertools

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from common.figures.names import LETTER, NAME_WIDTH, legend, shortened, width_of

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"  # distinct for colour-blind people, too (Okabe and Ito 2008)
STYLES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."), ("black", "D", ":"))  # colour, marker, dash
LEGEND = {"framealpha": 1, "edgecolor": "none"}
MARK = {"color": "0.4", "linestyle": ":"}  # a line at a value of interest
CENTRED = {"ha": "center", "va": "center"}
BAR = {"color": "#9ECAE1", "edgecolor": "black"}
CELL, SIDE = 1.1, 8  # inches of a cell of `confusion` and of all its cells in a row, at most
SMALLEST = 6  # points of a letter


def new_axes(width=6.4, height=4.0):
    """Axes of a new figure that fits its contents; no window and no global state. width, height: inches."""
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def learning_curve(history, best_epoch=None, ax=None):
    """Loss against the epoch, training and validation; best_epoch is marked. history: rows of the Trainer. -> Axes."""
    return _curve(history, "loss", "loss", 1, best_epoch, ax)


def accuracy_curve(history, best_epoch=None, ax=None):
    """As `learning_curve`, of the accuracy in percent. -> Axes."""
    return _curve(history, "accuracy", "accuracy in %", 100, best_epoch, ax)


def _curve(history, key, label, scale, best_epoch, ax):
    ax = ax or new_axes()
    for column, name, color, style in ((key, "training", BLUE, "o-"), ("val_" + key, "validation", ORANGE, "s--")):
        points = [(row["epoch"], scale * row[column]) for row in history if row.get(column) is not None]
        if points:
            ax.plot(*zip(*points), style, color=color, label=name, markersize=4)
    if best_epoch is not None:
        ax.axvline(best_epoch, label=f"best epoch: {best_epoch}", **MARK)
    ax.set(xlabel="epoch", ylabel=label, xlim=(0.5, max([row["epoch"] for row in history], default=1) + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**LEGEND)
    return ax


def loss_curve(losses, eval_interval, ax=None, ylim=None, ylabel="loss"):
    """The book's figure: the logged losses against the step, in units of eval_interval. -> Axes."""
    ax = ax or new_axes()
    ax.plot(np.arange(len(losses)), losses, color=BLUE, label="train")
    ax.set(xlabel=f"iterations (x{eval_interval})", ylabel=ylabel, **({} if ylim is None else {"ylim": ylim}))
    return ax


def range_curve(rates, losses, suggestion=None, ax=None):
    """The losses of a learning-rate range test against the rates, on a log scale; the suggestion marked. -> Axes."""
    ax = ax or new_axes()
    ax.plot(rates, losses, color=BLUE, label="training loss, smoothed")
    if suggestion is not None:
        ax.axvline(suggestion, label=f"suggested: {suggestion:.2g}", **MARK)
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
    ax.legend(**LEGEND)
    return ax


def confusion(matrix, label_names, ax=None):
    """(C, C) counts as shaded squares with the counts and the share of each true class written in. -> Axes.

    Many classes have smaller squares: a new figure is at most some twelve inches wide. Above eight classes zeros are
    not written; where no square has room for its numbers, a scale of the shades stands beside them; of hundreds of
    names some stand for all.
    """
    matrix = np.asarray(matrix)
    names = [shortened(name, NAME_WIDTH) for name in label_names]
    longest, C = max(map(width_of, names)), len(matrix)
    cell = min(CELL, SIDE / C) if ax is None else min(ax.get_window_extent().size) / ax.figure.dpi / C
    size = min(10, max(SMALLEST, 60 * cell))  # of the names, points
    angle = 90 if C > 12 else 30 if longest * LETTER * size > cell else 0
    count_size = min(10, 0.9 * cell / LETTER / max(len(f"{matrix.max():,}"), 5))
    if ax is None:
        beside = longest * LETTER * size  # inches
        width = C * cell + 1 + beside + (1.2 if count_size < SMALLEST else 0)
        ax = new_axes(width, C * cell + 1 + beside * np.sin(np.radians(angle)))
        ax.figure.get_layout_engine().set(w_pad=0.15)  # the place of squares is found to about 0.1 inches
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    if count_size < SMALLEST:
        ax.figure.colorbar(image, ax=ax, format="{x:.0%}", label="share of the true class", shrink=0.6)
    for (i, j), count in np.ndenumerate(matrix) if count_size >= SMALLEST else ():
        if count or C <= 8:
            how = {"color": "white" if share[i, j] > 0.5 else "black", "fontsize": count_size, **CENTRED}
            ax.text(j, i, f"{count:,}\n{share[i, j]:.{1 if cell > 0.6 else 0}%}", **how)
    step = max(1, round(SMALLEST * 1.3 / 72 / cell))  # of so many names one is written
    how = {"parse_math": False, "fontsize": size}
    rotated = {"rotation": angle, "ha": "right", "rotation_mode": "anchor"} if angle else {}
    if angle == 90:
        rotated["va"] = "center"
    ax.set_xticks(range(0, C, step), names[::step], **how, **rotated)
    ax.set_yticks(range(0, C, step), names[::step], **how)
    ax.set(xlabel="predicted", ylabel="true")
    return ax


def roc(curves, ax=None):
    """ROC curves: the true positive rate against the false positive rate. -> Axes.

    curves: name -> (false_rate, true_rate), the first two of what `common.checking.metrics.roc_curve` gives.
    """
    ax = ax or new_axes(5, 5)
    ax.plot([0, 1], [0, 1], color="0.4", linewidth=1, label="by chance")
    for (name, (false_rate, true_rate)), (color, _, dash) in zip(curves.items(), itertools.cycle(STYLES)):
        ax.plot(false_rate, true_rate, dash, color=color, label=name)
    ax.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    ax.set_aspect("equal")
    legend(ax, ax.lines, loc="lower right", **LEGEND)
    return ax


def reliability_diagram(confidence, accuracy, count, ax=None):
    """Reliability diagram: the accuracy (bars) of answers of a given confidence (marks), ideally the same. -> Axes.

    confidence, accuracy, count: (B,) each, of B intervals (`common.checking.calibration.reliability`). The axis begins
    at the first interval that is not empty.
    """
    edges = np.linspace(0, 1, len(count) + 1)
    filled = np.flatnonzero(count)
    middles, width = (edges[filled] + edges[filled + 1]) / 2, 1 / len(count)
    ax = ax or new_axes(5, 5)
    ax.bar(middles, np.asarray(accuracy)[filled], width, label="how often right", **BAR)
    confidence = np.asarray(confidence)[filled]
    ax.hlines(confidence, middles - width / 2, middles + width / 2, colors=ORANGE, linewidth=3, label="how sure")
    ax.set(xlabel="confidence", ylabel="accuracy", xlim=(edges[filled[0]] if len(filled) else 0, 1), ylim=(0, 1))
    above = ax.secondary_xaxis("top")
    above.set_xticks(middles, [f"{n:,}" for n in np.asarray(count)[filled]], rotation=90, fontsize=8)
    above.set_xlabel("answers")
    ax.legend(loc="lower right", **LEGEND)
    return ax


def length_histogram(lengths, limit=None, ax=None):
    """Histogram of lengths (N,), ints, in about forty bars, with the limit and the share of longer texts. -> Axes."""
    lengths = np.asarray(lengths, int)
    width = 1 + lengths.max(initial=0) // 40
    counts = np.bincount(lengths // width)
    ax = ax or new_axes()
    middles = width * np.arange(len(counts)) + (width - 1) / 2  # of the lengths from i width to (i + 1) width - 1
    ax.bar(middles, counts, width, linewidth=0.5, **BAR)
    if limit is not None:
        longer = np.mean(lengths > limit) if len(lengths) else 0
        ax.axvline(limit + 0.5, color=ORANGE, linestyle="--", label=f"limit {limit:,}: {longer:.1%} are longer")
        ax.legend(**LEGEND)
    ax.set(xlabel="tokens in a text", ylabel="texts")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return ax


def attention_map(weight, words, ax=None):
    """A text in rows of eight words, each shaded by its weight, with the weight in percent below it. -> Axes.

    weight: (T,), 0 or more, a row of `TimeAttentionPooling.attention_weight`. words: T names.
    """
    if len(weight) != len(words):
        raise ValueError(f"attention_map: expected a weight for each of {len(words)} words, got {len(weight)}")
    columns = min(8, max(len(words), 1))
    rows = max(-(-len(words) // columns), 1)
    cells = np.full(rows * columns, np.nan)  # cells without a word stay blank
    cells[: len(words)] = weight
    ax = ax or new_axes(0.4 + 1.25 * columns, 0.3 + 0.45 * rows)
    most = np.max(weight, initial=0) or 1
    ax.imshow(cells.reshape(rows, columns), cmap="Blues", vmin=0, vmax=most, aspect="auto")
    for k, (share, word) in enumerate(zip(weight, words)):
        how = {"color": "white" if share > 0.6 * most else "black", "fontsize": 8, "parse_math": False, **CENTRED}
        ax.text(k % columns, k // columns, f"{shortened(word, 11)}\n{share:.1%}", **how)
    ax.set(xticks=[], yticks=[])
    return ax


def gradient_norms(norms, ax=None):
    """Norms of gradients by time step, on a log scale: name -> (T,), as of `gradient_flow.norms_by_step`. -> Axes."""
    ax = ax or new_axes()
    for (name, values), (color, marker, dash) in zip(norms.items(), itertools.cycle(STYLES)):
        how = {"marker": marker, "markevery": max(len(values) // 10, 1), "markersize": 4, "color": color, "label": name}
        ax.plot(np.arange(1, len(values) + 1), values, dash, **how)
    ax.set(yscale="log", xlabel="time step", ylabel="norm of the gradient")
    legend(ax, ax.lines, **LEGEND)
    return ax


def principal_components(x):
    """x (K, D), K and D >= 2 -> its first two principal components (K, 2), and the share of the variance of each (2,).

    The largest element of a direction is positive, so that a figure is never mirrored.
    """
    centred = x - np.mean(x, axis=0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]  # (2, D)
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    variance = lengths**2
    return centred @ (directions * np.sign(largest)).T, variance[:2] / (variance.sum() or 1)


def word_map(vectors, words, groups, ax=None):
    """Word vectors along their first two principal components, every word beside its point. -> Axes.

    vectors: (K, D). words: K names, a few dozen. groups: K names, the group of each word; a group has a colour and a
    marker. The labels are placed for the present size of the figure.
    """
    if not len(vectors) == len(words) == len(groups):
        lengths = f"{len(vectors)}, {len(words)} and {len(groups)}"
        raise ValueError(f"word_map: expected as many vectors as words and groups, got {lengths}")
    places, share = principal_components(vectors)
    ax = ax or new_axes(7, 6)
    for name, (color, marker, _) in zip(dict.fromkeys(groups), itertools.cycle(STYLES)):
        ax.scatter(*places[np.asarray(groups) == name].T, s=20, color=color, marker=marker, label=name)
    ax.margins(0.12)
    ordinals = [f"{name} component, {part:.0%} of the variance" for name, part in zip(("first", "second"), share)]
    ax.set(xlabel=ordinals[0], ylabel=ordinals[1])
    legend(ax, ax.collections, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(STYLES), frameon=False)
    _write_beside(ax, places, words)
    return ax


def _write_beside(ax, places, words):
    """Write each word at the nearest place that overlaps no point, word or frame; with a line to a distant point."""
    ax.figure.draw_without_rendering()  # from here on positions in pixels are known
    ax.autoscale(False)
    points, to_data = ax.transData.transform(places), ax.transData.inverted().transform  # (K, 2)
    taken = [Bbox([point - 4, point + 4]) for point in points]
    angles = np.arange(0, 2 * np.pi, np.pi / 8)
    around = [(reach, np.array([np.cos(a), np.sin(a)])) for reach in (6, *range(14, 400, 8)) for a in angles]
    how = {"fontsize": 8, "parse_math": False, "in_layout": False, **CENTRED}
    how["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # covers the lines to other words
    for word, place, point in zip(words, places, points):
        text = ax.text(*place, shortened(word, NAME_WIDTH), **how)
        size = text.get_window_extent().size + 2
        for reach, direction in around:
            middle = point + (size / 2 + reach) * direction
            box = Bbox([middle - size / 2, middle + size / 2])
            if ax.bbox.contains(*box.min) and ax.bbox.contains(*box.max) and not box.count_overlaps(taken):
                break
        taken.append(box)
        ends = to_data([point, middle])
        text.set_position(ends[1])
        if reach > 6:
            ax.plot(*ends.T, color="0.5", linewidth=0.6, zorder=0.5)


def per_class(rows, ax=None):
    """Precision, recall and F1 of each class in bars, the first class above. -> Axes.

    rows: label -> {"precision", "recall", "f1", "n"}, as `common.checking.metrics.classification_report` gives them.
    """
    C = len(rows)
    ax = ax or new_axes(5, 1.2 + min(0.7 * C, SIDE))
    height = ax.get_window_extent().height / ax.figure.dpi / C  # of a class, inches
    step = max(1, round(SMALLEST * 1.3 / 72 / height))  # of so many names one is written
    measures = (("precision", "precision", BLUE, ""), ("recall", "recall", ORANGE, "///"), ("f1", "F1", GREEN, "xxx"))
    for place, (key, name, color, hatch) in enumerate(measures):
        values, ys = [row[key] for row in rows.values()], np.arange(C) + 0.27 * (place - 1)
        ax.barh(ys, values, 0.27, label=name, color=color, hatch=hatch, edgecolor="white", linewidth=0)
    names = [f"{shortened(name, NAME_WIDTH)} ({row['n']:,})" for name, row in rows.items()]
    how = {"parse_math": False, "fontsize": min(10, max(SMALLEST, 60 * height))}
    ax.set_yticks(range(0, C, step), names[::step], **how)
    ax.set(xlim=(0, 1), ylim=(C - 0.5, -0.5), xlabel="score (texts in brackets)")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
    return ax


def confusion_and_scores(matrix, rows):
    """`confusion`, and beside it `per_class` of the same classes. -> two Axes."""
    left = confusion(matrix, list(rows))
    (width, height), figure = left.figure.get_size_inches(), left.figure
    figure.set_size_inches(width + 4.2, height)
    grid = figure.add_gridspec(1, 2, width_ratios=(width, 4.2))
    left.set_subplotspec(grid[0])
    return left, per_class(rows, figure.add_subplot(grid[1]))
