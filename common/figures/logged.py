"""The book's figure of what a training logged, drawn as its scripts do: by pyplot, in the window of its backend."""


def show_logged(values, eval_interval, ylim=None, ylabel="loss"):
    """Draw the values (`common.plot.loss_curve`) on pyplot's current Axes, shown where there is a screen; -> Axes."""
    from matplotlib import pyplot

    from common.plot import loss_curve

    ax = loss_curve(values, eval_interval, pyplot.gca(), ylim, ylabel)
    if pyplot.get_backend().lower() not in {"agg", "pdf", "svg", "ps", "cairo", "template"}:
        pyplot.show()
    return ax
