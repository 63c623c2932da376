"""An explanation as a figure: bars of the strongest words, and the probability after each word."""

import numpy as np
from matplotlib.figure import Figure

from common.figures.names import LETTER, shortened, width_of
from common.plot import BLUE, ORANGE

BARS = 20  # words at most
TICKS = 25  # at most so many words are written below the curve
WIDTH, NARROW, LABEL_WIDTH = 18, 12, 48  # columns of a word beside its bar and below the curve, of the label on top
SIZE = 9  # points of the words below the curve


def figure(found):
    """All parts of an Explanation in one matplotlib Figure, as high as its bars and the words below them need."""
    bars, names = min(BARS, len(found.words)), [shortened(word, NARROW) for word in found.words]
    below = SIZE * LETTER * max(map(width_of, names)) if len(names) <= TICKS else 0.3
    heights = [0.4 + 0.24 * bars, 1.6] + ([] if found.attention is None else [1.2])  # of the axes, inches
    height = 1.5 + sum(heights) + (len(heights) - 1) * (0.2 + below)
    whole = Figure(figsize=(8, height), layout="constrained")
    axes = whole.subplots(len(heights), height_ratios=heights)
    whole.suptitle(f"{shortened(found.label, LABEL_WIDTH)}: {found.probability:.1%}", parse_math=False)
    word_bars(found, axes[0])
    read = np.arange(1, len(found.words) + 1)
    axes[1].plot(read, 100 * found.so_far, "o-" if len(read) <= TICKS else "-", color=BLUE, markersize=3)
    axes[1].axhline(50, color="0.4", linestyle=":", linewidth=0.8)
    axes[1].set(ylim=(-3, 103), ylabel="probability in %\nafter each word")
    if found.attention is not None:
        axes[2].bar(read, 100 * found.attention, color="0.35")
        axes[2].set_ylabel("attention in %")
    for ax in axes[1:]:
        ax.set_xlim(0.4, len(read) + 0.6)
        if len(read) <= TICKS:
            ax.set_xticks(read, names, rotation=90, fontsize=SIZE, parse_math=False)
        else:
            ax.set_xlabel("words read")
    return whole


def word_bars(found, ax):
    """The strongest words in the order of the text; hatched bars on the left speak against the answer. -> Axes."""
    chosen = np.sort(found.strongest(BARS))
    strength, rows = found.strength[chosen], np.arange(len(chosen))
    sides = ((strength >= 0, BLUE, None, "for the answer"), (strength < 0, ORANGE, "///", "against it"))
    for side, color, hatch, name in sides:
        if side.any():
            ax.barh(rows[side], strength[side], color=color, hatch=hatch, edgecolor="white", linewidth=0, label=name)
    if found.path is not None:
        ax.plot(found.occlusion[chosen], rows, "kD", markersize=4, label="occlusion: lost without it")
    ax.axvline(0, color="0.4", linewidth=0.8)
    ax.set_yticks(rows, [shortened(found.words[t], WIDTH) for t in chosen], parse_math=False)
    ax.set_ylim(len(chosen) - 0.4, -0.6)  # read from top to bottom
    method = "occlusion" if found.path is None else "integrated gradients"
    ax.set_xlabel(f"contribution of the word to the margin of the answer\n({method})")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    return ax
