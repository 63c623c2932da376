"""The perplexity of language models by epoch."""

import itertools

from matplotlib.ticker import LogFormatter, MaxNLocator

from common.plot import LEGEND, MARK, STYLES, new_axes


def perplexity_curves(curves, lowest=None, ax=None):
    """Perplexities by epoch, on a log scale: name -> (E,). lowest: the best that any model can reach. -> Axes."""
    ax = ax or new_axes()
    for (name, values), (color, marker, dash) in zip(curves.items(), itertools.cycle(STYLES)):
        how = {"marker": marker, "markersize": 4, "color": color, "label": f"{name}: {values[-1]:.3g}"}
        ax.plot(range(1, len(values) + 1), values, dash, **how)
    if lowest is not None:
        ax.axhline(lowest, label=f"the lowest possible: {lowest:.3g}", **MARK)
    ax.set(yscale="log", xlabel="epoch", ylabel="perplexity")
    ax.yaxis.set_major_formatter(LogFormatter())  # 2, not 2 x 10^0
    ax.yaxis.set_minor_formatter(LogFormatter())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.legend(**LEGEND)
    return ax
