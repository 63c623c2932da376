"""The learning curves of several kinds of models in one figure."""

from matplotlib.figure import Figure

from common.plot import BLUE, ORANGE, new_axes

GREEN = "#009E73"  # from the colours of common.plot
LINES = {  # colour and marker by cell, dashed for both directions
    "bow": {"color": "0.5", "marker": "x", "linestyle": ":"},
    "nbsvm": {"color": "0.2", "marker": "+", "linestyle": ":"},
    "rnn": {"color": ORANGE, "marker": "o", "linestyle": "-"},
    "gru": {"color": GREEN, "marker": "^", "linestyle": "-"},
    "lstm": {"color": BLUE, "marker": "s", "linestyle": "-"},
    "birnn": {"color": ORANGE, "marker": "o", "linestyle": "--", "markerfacecolor": "white"},
    "bigru": {"color": GREEN, "marker": "^", "linestyle": "--", "markerfacecolor": "white"},
    "bilstm": {"color": BLUE, "marker": "s", "linestyle": "--", "markerfacecolor": "white"},
}


def learning_curves(histories):
    """Validation loss and accuracy of each kind in a new figure, see `curves`. -> two Axes."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    curves(histories, "val_loss", left).set(ylabel="validation loss")
    curves(histories, "val_accuracy", right).set(ylabel="validation accuracy")
    right.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(LINES), frameon=False)
    return left, right


def curves(histories, column, ax=None):
    """A column of each history against the epoch. histories: rows of the Trainer, by kind. -> Axes."""
    ax = ax or new_axes()
    for kind, history in histories.items():
        ax.plot([row["epoch"] for row in history], [row[column] for row in history], **LINES[kind], label=kind, ms=5)
    ax.set(xlabel="epoch")
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    return ax
