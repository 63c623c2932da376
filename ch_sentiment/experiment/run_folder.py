"""Trainings that write their results into a folder, in which one process at a time may write."""

import contextlib
import itertools
import os
import shutil
from pathlib import Path

from ch_sentiment.experiment import output
from ch_sentiment.experiment.classifier import MODEL
from ch_sentiment.experiment.output import write_json
from ch_sentiment.experiment.run import Experiment
from ch_sentiment.experiment.run_state import about
from common.files.atomic_write import remove_stale
from common.files.held_folder import check_stays, holding, place
from common.files.resume import Checkpoint
from dataset.errors import DataError
from dataset.reading.input_file import is_pipe
from dataset.store.locks import IN_FOLDER, locked_if_free

LAST = "last.npz"  # the state of training: all that resuming needs
CARD = ("model_card.md", "model_card.html", "audit.png")  # what `sentifish audit` writes beside the model
RESULTS = (MODEL, LAST, "history.json", "config.json", "learning_curve.png", "confusion.png", *CARD)
STATE = "self_training.json"  # that of a self-training, whose trainings stand in folders of the names of its rounds
LOCK = IN_FOLDER  # exists while a training writes, and is locked where folders cannot be


def in_folder(config, data, net, folder, callbacks=(), comm=None):
    """-> Experiment that saves the model of the best epoch in the folder, and its own state from time to time."""
    checkpoint = Checkpoint(folder / LAST, config.run.save_every, about(config, data, net))
    # Last, so that it saves the state of all others after their step.
    return Experiment(config, data, net, [*callbacks, checkpoint], lambda experiment: _save(experiment, folder), comm)


def train_in_folder(experiment, folder):
    """Train, score and write all but the figures; -> Result. An interrupted training leaves the model of the best
    epoch, or without one the current weights. Raises as `Trainer.fit`; then history and settings are not written.
    """
    result = experiment.train()
    write_json(folder / "history.json", result.history)
    found = {"labels": experiment.data.label_names, "best_epoch": experiment.best.best_epoch}
    write_json(folder / "config.json", {**experiment.config.by_name(), **found})
    if result.error is None and not experiment.came_to_its_end:
        _save(experiment, folder)
    elif result.error is None:
        result = experiment.score()
        experiment.model.save(folder / MODEL)
    check_stays(folder)
    return result


def _save(experiment, folder):
    experiment.model.metrics = experiment.metrics()
    experiment.model.save(folder / MODEL)


def write_figures(folder, result, say):
    """learning_curve.png, and confusion.png with the scores of each class, as `output.write_figures`."""

    def curves(plot):
        figure = plot.Figure(figsize=(9, 3.6), layout="constrained")
        for curve, ax in zip((plot.learning_curve, plot.accuracy_curve), figure.subplots(1, 2)):
            curve(result.history, result.best.get("epoch"), ax)
        return figure

    def confusion(plot):
        return plot.confusion_and_scores(result.scores["confusion"], result.scores["per_class"])[0]

    output.write_figures({folder / "learning_curve.png": curves, folder / "confusion.png": confusion}, say)


def present(folder, names):
    """Those of the files that are in the folder: one that could not be drawn is not. FolderMoved, where it is held."""
    check_stays(folder)
    return [name for name in names if (folder / name).exists()]


def check_out(options):
    """DataError where --out is no folder that may be written into. options: with `out` and `overwrite`."""
    if options.out is None:
        return
    if not options.out:
        raise DataError("--out: expected a folder, got an empty name")
    out = Path(options.out)
    if out.exists() and not out.is_dir():
        raise DataError(f"--out: expected a folder, {out} is a file")
    if out.is_dir():
        with held(out) if (out / LOCK).exists() else _alone(out):
            _check_empty(out, options.overwrite)


def _check_empty(folder, overwrite):
    if not overwrite and any(entry.name != LOCK for entry in folder.iterdir()):
        raise DataError(f"--out: expected a new or empty folder, {folder} holds files (--overwrite writes into it)")


@contextlib.contextmanager
def new_folder(options, name, results=RESULTS):
    """--out, or the first of runs/NAME-1, runs/NAME-2 ... that is not there yet; held while it is worked in.

    options: with `out` and `overwrite`. results: the files that will be written.
    """
    with made_folder(options.out, name) as folder, held(folder):
        _check_empty(folder, options.overwrite)  # again, now under the lock
        for result in (*results, STATE):  # --overwrite: nothing of another training may stand beside it
            (folder / result).unlink(missing_ok=True)
        for rounds in folder.glob("round-*"):
            shutil.rmtree(rounds)
        yield folder


@contextlib.contextmanager
def made_folder(path, name=None):
    """The folder `path`, or without one runs/NAME-1 ...; what is made of it is removed where nothing was written."""
    above = Path("runs" if path is None else path)
    made = [each for each in (above, *above.parents) if not each.exists()]
    try:
        folder = _numbered(name) if path is None else above
        made = [*([folder] if path is None else []), *made]
        check_stays(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    finally:
        with contextlib.suppress(OSError):  # not empty
            for each in made:
                each.rmdir()


def _numbered(name):
    for number in itertools.count(1):
        with contextlib.suppress(FileExistsError):
            folder = Path("runs") / f"{name}-{number}"
            folder.mkdir(parents=True)
            return folder


def name_of(config):
    """The default name of a training's folder, such as "reviews-bilstm"."""
    model = config.model
    cell = f"{'bi' if model.bidirectional else ''}{model.cell.rpartition(':')[2].lower()}"
    kind = config.run.recipe or (cell if model.model == "recurrent" else model.model)
    return f"{stem_of(config.data.data)}-{kind}"


def stem_of(name):
    """What names of folders begin with, from that of a file, a folder or a pipe: "reviews" of "reviews.csv"."""
    return Path(name).stem if is_pipe(name) else Path(name).resolve().stem


@contextlib.contextmanager
def old_folder(path):
    """The folder of a training to go on with, held while it is worked in. DataError where there is none."""
    folder = Path(path)
    if not (folder / LAST).is_file():
        raise DataError(f"--resume: expected the folder of a training, there is no {folder / LAST}")
    with held(folder):
        yield folder


@contextlib.contextmanager
def held(folder):
    """Lock the folder, so that what is written atomically goes into it wherever it may be moved, and remove unfinished
    files of processes that died. DataError where another training holds the lock; a process that died holds none.
    """
    with _alone(folder), _alone(folder / LOCK), holding(folder):
        remove_stale(folder)
        try:
            yield
            check_stays(folder)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(place(folder / LOCK))


@contextlib.contextmanager
def _alone(path):
    """Hold the lock of a folder, or of the file in it. DataError where another training holds it."""
    with locked_if_free(path) as free:
        if not free:
            folder = path.parent if path.name == LOCK else path
            raise DataError(f"{folder}: another training is writing into this folder; wait for it or choose another")
        yield
