"""Speeches as figures: stacked bars by speaker, a line through each speech."""

import numpy as np
from matplotlib.figure import Figure

from common.figures.names import NAME_WIDTH, legend, shortened
from common.plot import BLUE, new_axes

LIGHT = "#F7C77E"  # printed in grey it is much lighter than BLUE


def share_bars(speakers, label_names, ax=None):
    """A bar of 100 % for each speaker, the first on top: the shares of the paragraphs with each label. -> Axes.

    speakers: rows of `reading.summary`.
    """
    ax = ax or new_axes(7, 1.2 + 0.42 * len(speakers))
    left = np.zeros(len(speakers))
    for name, color, ink in zip(label_names, (BLUE, LIGHT), ("white", "black")):
        shares = np.array([row["shares"][name] for row in speakers])
        bars = ax.barh(range(len(speakers)), shares, left=left, color=color, edgecolor="white", label=name)
        ax.bar_label(bars, [f"{s:.0f} %" if s >= 8 else "" for s in shares], label_type="center", color=ink)
        left += shares
    ax.set_yticks(range(len(speakers)), [shortened(row["speaker"], NAME_WIDTH) for row in speakers], parse_math=False)
    ax.invert_yaxis()
    ax.set(xlim=(0, 100), xlabel="share of the paragraphs in %")
    legend(ax, ax.containers, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    return ax


def speech_lines(speeches, label):
    """A panel for each speech, two in a row of a new figure. label: the second one. -> list of Axes."""
    rows = -(-len(speeches) // 2)
    figure = Figure(figsize=(8, 0.6 + 1.7 * rows), layout="constrained")
    panels = list(figure.subplots(rows, 2, sharey=True, squeeze=False).flat)
    if len(speeches) < len(panels):
        panels.pop().remove()
    figure.supxlabel("paragraph of the speech")
    figure.supylabel(f"probability of {shortened(label, NAME_WIDTH)}", parse_math=False)
    return [speech_line(speech, ax) for speech, ax in zip(speeches, panels)]


def speech_line(speech, ax=None):
    """The probability of the second label, paragraph by paragraph. speech: a row of `reading.summary`. -> Axes."""
    ax = ax or new_axes(5, 2.4)
    p = [part["probability"] for part in speech["paragraphs"]]
    ax.axhline(0.5, color="0.5", linestyle=":", linewidth=1)
    ax.plot(range(1, len(p) + 1), p, "o-", color=BLUE, markersize=4)
    ax.set(ylim=(-0.05, 1.05), yticks=(0, 0.5, 1), xlim=(0.5, len(p) + 0.5))
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.set_title(shortened(speech["speaker"], NAME_WIDTH), fontsize="medium", parse_math=False)
    return ax
