"""Figures. Every function draws on the matplotlib Axes that it is given (or on new ones) and returns them.

None shows or saves anything. Lines differ in dash as well as in colour, so that a grey print can be read.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

BLUE, ORANGE = "#0072B2", "#D55E00"  # told apart by colour-blind eyes (Okabe and Ito 2008)


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
        ax.axvline(best_epoch, color="0.4", linestyle=":", label=f"best epoch: {best_epoch}")
    ax.set(xlabel="epoch", ylabel=label)
    ax.set_xlim(0.5, max([row["epoch"] for row in history], default=1) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(framealpha=1, edgecolor="none")
    return ax


def loss_curve(losses, eval_interval, ax=None, ylim=None):
    """The book's figure: the logged losses against the step, in units of eval_interval. -> Axes."""
    ax = ax or new_axes()
    ax.plot(np.arange(len(losses)), losses, color=BLUE, label="train")
    ax.set(xlabel=f"iterations (x{eval_interval})", ylabel="loss")
    if ylim is not None:
        ax.set_ylim(*ylim)
    return ax


def range_curve(rates, losses, suggestion=None, ax=None):
    """The losses of a learning-rate range test against the rates, on a logarithmic axis; `suggestion` marked. -> Axes.

    rates, losses: of the same length. suggestion: one of the rates, or None.
    """
    ax = ax or new_axes()
    ax.plot(rates, losses, color=BLUE, label="training loss, smoothed")
    if suggestion is not None:
        ax.axvline(suggestion, color="0.4", linestyle=":", label=f"suggested: {suggestion:.2g}")
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
    ax.legend(framealpha=1, edgecolor="none")
    return ax


def confusion(matrix, label_names, ax=None):
    """(C, C) counts as shaded squares with the counts and the share of each true class written in. -> Axes."""
    matrix = np.asarray(matrix)
    size = 2.2 + 1.1 * len(matrix)
    ax = ax or new_axes(size, size)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(matrix):
        color = "white" if share[i, j] > 0.5 else "black"
        ax.text(j, i, f"{count:,}\n{share[i, j]:.1%}", ha="center", va="center", color=color)
    # A long name loses its middle: what tells names apart stands at their beginnings and ends.
    names = [name if len(name) <= 24 else f"{name[:12]}…{name[-11:]}" for name in label_names]
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if max(map(len, names)) > 10 else {}
    ax.set_xticks(range(len(matrix)), names, parse_math=False, **turned)
    ax.set_yticks(range(len(matrix)), names, parse_math=False)
    ax.set(xlabel="predicted", ylabel="true")
    return ax
