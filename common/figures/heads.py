"""Which word reads which: a map for each head of each block of a Transformer."""

from matplotlib.figure import Figure

WORD_SIZE = 7  # points
CELL = 0.17  # inches


def head_maps(weights, words):
    """Maps of weights, a row for each block: the word that reads from top to bottom, what it reads from left to right.

    weights: a list with an array (heads, T, T) for each block, 0 to 1. words: T. -> Figure. ValueError where the sizes
    do not fit.
    """
    T = len(words)
    if not weights or any(w.shape != (len(weights[0]), T, T) for w in weights):
        raise ValueError(f"head_maps: expected (heads, {T}, {T}) weights, got {[w.shape for w in weights]}")
    rows, columns = len(weights), len(weights[0])
    figure = Figure(figsize=(1.2 + columns * (CELL * T + 0.15), 0.9 + rows * (CELL * T + 0.35)), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for block, (row, of_block) in enumerate(zip(axes, weights), start=1):
        for head, (ax, weight) in enumerate(zip(row, of_block), start=1):
            image = ax.imshow(weight, cmap="Blues", vmin=0, vmax=1)
            ax.set_title(f"block {block}, head {head}", fontsize=WORD_SIZE + 1)
            ax.set_xticks(range(T), words, rotation=90, fontsize=WORD_SIZE, parse_math=False)
            ax.set_yticks(range(T), words, fontsize=WORD_SIZE, parse_math=False)
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="weight", shrink=0.6, aspect=30)
    return figure
