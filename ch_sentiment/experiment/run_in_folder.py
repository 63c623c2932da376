"""A training that keeps what it makes in a folder: the best model, the last state, history, settings and figures."""

from ch_sentiment.console import drawing
from ch_sentiment.experiment.run import Experiment
from ch_sentiment.experiment.run_folder import LAST, MODEL, write_json
from ch_sentiment.experiment.run_state import about
from common.files.resume import Checkpoint


def in_folder(config, data, net, folder, callbacks=(), comm=None):
    """-> Experiment that saves the model of the best epoch in the folder, and its own state from time to time."""
    checkpoint = Checkpoint(folder / LAST, config.run.save_every, about(config, data, net))
    # It stands last, so that it saves what all the others know.
    return Experiment(config, data, net, [*callbacks, checkpoint], lambda experiment: save(experiment, folder), comm)


def train_in_folder(experiment, folder):
    """Train, score and write; -> Result. A training that is broken off leaves the model of the best epoch, or without
    one the weights as they stand. Raises as `Trainer.fit`; then history and settings are not written.
    """
    result = experiment.train()
    write_summary(experiment, folder)
    if result.error is not None:
        return result
    if not experiment.came_to_its_end:
        save(experiment, folder)
        return result
    result = experiment.score()
    experiment.model.save(folder / MODEL)
    draw(folder, result, experiment.data.label_names)
    return result


def save(experiment, folder):
    """Write the model as it stands: that of the best epoch, or the last weights where no epoch is done."""
    experiment.model.metrics = experiment.metrics()
    experiment.model.save(folder / MODEL)


def write_summary(experiment, folder):
    """history.json and config.json."""
    write_json(folder / "history.json", experiment.trainer.history)
    more = {"labels": experiment.data.label_names, "best_epoch": experiment.best.best_epoch}
    write_json(folder / "config.json", {**experiment.config.by_name(), **more})


def draw(folder, result, label_names):
    """learning_curve.png and confusion.png."""
    with drawing():
        from matplotlib.figure import Figure  # here: matplotlib takes its time

        from common import plot

        best_epoch = result.best.get("epoch")
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot.learning_curve(result.history, best_epoch, left)
        plot.accuracy_curve(result.history, best_epoch, right)
        figure.savefig(folder / "learning_curve.png", dpi=150)
        plot.confusion(result.scores["confusion"], label_names).figure.savefig(folder / "confusion.png", dpi=150)
