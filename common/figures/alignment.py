"""Where a decoder with attention looked: a map for each question, read from the answer's first character down."""

import numpy as np

from common.figures.names import LETTER

LETTER_SIZE = 8  # points
CELL = 1.9 * LETTER * LETTER_SIZE  # inches


def alignment_maps(weights, questions, answers):
    """Maps of weights, two in a row: the answer's characters from top to bottom, the question's from left to right.

    weights: (N, T, S), 0 to 1. questions: N texts of S characters, answers: N of T; blanks at both ends of a question
    are left out. -> Figure. ValueError where the sizes do not fit.
    """
    from matplotlib.figure import Figure  # here: a script imports this module under any backend

    if [(len(answer), len(question)) for answer, question in zip(answers, questions)] != [w.shape for w in weights]:
        raise ValueError(f"alignment_maps: expected a weight for each two characters, got {np.shape(weights)}")
    texts = [slice(len(q) - len(q.lstrip()), len(q.rstrip()) or None) for q in questions]
    columns, rows = min(len(weights), 2), -(-len(weights) // 2)
    longest = max(len(q.strip()) for q in questions)
    size = 0.8 + columns * (CELL * longest + 0.4), 0.2 + rows * (CELL * max(map(len, answers)) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, weight, question, answer, text in zip(axes.flat, weights, questions, answers, texts):
        image = ax.imshow(weight[:, text], cmap="Blues", vmin=0, vmax=1)
        how = {"family": "monospace", "fontsize": LETTER_SIZE, "parse_math": False}
        ax.set_xticks(range(len(question[text])), question[text], **how)
        ax.set_yticks(range(len(answer)), answer, **how)
        ax.set_xlim(-0.5, longest - 0.5)  # so that all maps have cells of one size
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.spines[:].set_visible(False)
    for ax in axes.flat[len(weights) :]:
        ax.remove()
    figure.colorbar(image, ax=figure.axes, label="weight", shrink=0.5, aspect=30)
    return figure
