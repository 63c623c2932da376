"""Train a sentiment model and keep it: load, split, build, train, score, write. `sentifish train` runs this.

What the Trainer hides is written out in `train_custom_loop.py`.
"""

import os
import shlex
import signal
import sys
from dataclasses import asdict, dataclass

import numpy as np

from ch_sentiment.commands.mpi_rank import one_of_all_ranks
from ch_sentiment.commands.predict import answer_line
from ch_sentiment.console import Terminated, drawing, say
from ch_sentiment.experiment.build import build
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.corpus import Data, cleaning_of, prepare, split_rng
from ch_sentiment.experiment.options import OPTIMIZERS, SCHEDULES, TrainOptions, add_options, check_told, typed
from ch_sentiment.experiment.recipes import chosen
from ch_sentiment.experiment.run_folder import LAST, MODEL, check_out, new_folder, old_folder, write_json
from ch_sentiment.experiment.run_state import about, changed, check_same, fingerprint, read_origin
from common.files.resume import Checkpoint, resume_training
from common.trainer import Trainer
from common.training.adversarial import AdversarialTraining
from common.training.callbacks import EarlyStopping, EpochTable, LearningRate, Progress, StopOnSignal, warm_up
from common.training.parallel import DataParallel, StopTogether, world
from dataset.errors import DataError

HELP = "train a model on labelled text and keep it in a folder"
WARM_UP = 0.02  # of all steps
STOPPED = {"SIGINT": ("interrupted", 130), "SIGTERM": ("terminated", 143)}  # reason: what is said, exit code


def add_arguments(parser):
    """All of `TrainOptions`."""
    add_options(parser)


def run(options):
    """Train as told by `options` (what argparse returned, or TrainOptions); -> exit code: 0, 130 after Ctrl-C, or 143
    after SIGTERM.

    Raises as `Trainer.fit` and the loaders; what is wrong with the input is said before anything is written.
    """
    with one_of_all_ranks(typed(options)) as told:
        if "resume" in told:
            return resume(told)
        options = chosen(told)
        check_told(told, options.model)
        return begin(options)


def begin(options):
    """A new training in a new folder."""
    check(options)
    tell = teller(options)
    model_rng, order_rng = streams(options)
    data = prepare(options, split_rng(options), tell)
    net = build(options, data, model_rng, tell)
    with new_folder(options) as folder:
        tell(
            f"{len(data.train):,} texts to train on, {len(data.val):,} to validate, {len(data.vocab):,} words, "
            f"{sum(p.size for p in net.params):,} parameters"
        )
        return train(assemble(options, data, net, folder, order_rng))


def resume(told):
    """The training in the folder `told["resume"]` goes on, with its own settings but for what `told` changes."""
    with old_folder(told["resume"]) as folder:
        origin = read_origin(folder / LAST)
        options = changed(origin.options, told)
        tell = teller(options)
        _, order_rng = streams(options)
        data = prepare(options, split_rng(options), tell)
        check_same(origin, folder, data)
        run = assemble(options, data, origin.net, folder, order_rng)
        resume_training(folder / LAST, run.trainer)
        trainer, best = run.trainer, run.best
        if options.epochs < trainer.epoch:
            raise DataError(f"--epochs: expected at least {trainer.epoch}, so many have begun, got {options.epochs}")
        if trainer.epochs_done == options.epochs:
            say(f"training had already ended: {options.epochs} epochs are done (more: --epochs N)")
        elif best.is_over(trainer):
            say(f"training had already ended after epoch {trainer.epoch}: no better loss for {best.patience} epochs")
        else:
            tell(f"going on after step {trainer.step:,}, {trainer.epochs_done} of {options.epochs} epochs done")
        return train(run)


@dataclass
class Run:
    """A training and all that belongs to it."""

    options: TrainOptions
    data: Data
    model: Classifier
    folder: os.PathLike
    trainer: Trainer
    best: EarlyStopping
    trained_on: dict


def assemble(options, data, net, folder, order_rng):
    """-> Run, ready to begin or to take up what was saved."""
    model = Classifier(
        net, data.vocab, data.label_names, options.max_len, cleaning=cleaning_of(options), keep=options.keep
    )
    best = EarlyStopping(options.patience, "val_loss", on_best=lambda trainer: keep(run))
    comm = world()
    trainer = make_trainer(options, net, order_rng, comm=comm)
    trainer.callbacks = [
        StopOnSignal((signal.SIGTERM,)) if comm is None else StopTogether(comm, (signal.SIGINT, signal.SIGTERM)),
        LearningRate(warm_up(WARM_UP, SCHEDULES[options.schedule])),
        best,
        *([] if options.quiet else [Progress(), EpochTable(say)]),
        Checkpoint(folder / LAST, options.save_every, about(options, data, net)),  # the last: it saves what all know
    ]
    run = Run(options, data, model, folder, trainer, best, trained_on(options, data))
    return run


def make_trainer(options, net, rng, callbacks=None, comm=None):
    """The Trainer of a model, with the optimizer that the options name. rng: for the order of the texts. comm: the
    communicator of the ranks that train together.
    """
    trained = AdversarialTraining(net, options.adversarial) if options.adversarial else net
    trained = trained if comm is None else DataParallel(trained, comm)
    return Trainer(trained, OPTIMIZERS[options.optimizer](lr=options.lr), callbacks, rng)


def fit(trainer, options, part, epochs, validation=None):
    """`Trainer.fit` on the texts of a part (corpus.Part), scored on those of `validation` after each epoch."""
    return trainer.fit(
        part.x,
        part.t,
        epochs,
        options.batch_size,
        options.clip,
        eval_interval=None,
        validation=None if validation is None else (validation.x, validation.t),
        max_element=options.clip_value,
    )


def train(run):
    """Train to the end, or until a signal comes, and write what there is to write; -> exit code."""
    options, data, trainer = run.options, run.data, run.trainer
    try:
        fit(trainer, options, data.train, options.epochs - trainer.epochs_done, data.val)
    except FloatingPointError as error:
        write_summary(run)
        raise FloatingPointError(f"{error}; {kept(run)}") from None
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror or error}; {way_on(run)}", error.filename) from None
    except (KeyboardInterrupt, Terminated):  # the second: at once
        print(way_on(run), file=sys.stderr)
        raise
    write_summary(run)
    if trainer.stop_reason in STOPPED:
        keep(run)
        said, code = STOPPED[trainer.stop_reason]
        print(f"{said}: {kept(run)}\n{way_on(run)}", file=sys.stderr)
        return code
    report(run)
    return 0


def teller(options):
    """What prints a line, unless --quiet."""
    return (lambda line: None) if options.quiet else say


def streams(options):
    """Random streams from the one seed: of initial weights and dropout, and of the order of the texts."""
    return np.random.default_rng(options.seed).spawn(3)[1:]  # the first is that of `split_rng`


def report(run):
    """Score the best epoch's model, on the test part if there is one, and write and print what is found."""
    model, data, folder, best_epoch = run.model, run.data, run.folder, run.best.best_epoch
    name, part = ("validation", data.val) if data.test is None else ("test", data.test)
    fitted = {"calibration": model.calibrate(data.val.x, data.val.t)} if run.options.calibrate else {}
    found = model.report(part.x, part.t)
    model.metrics = {"trained_on": run.trained_on, **best_row(run), **fitted, name: found}
    model.save(folder / MODEL)
    draw(folder, run.trainer.history, best_epoch, found["confusion"], data.label_names)

    role = f"best epoch {best_epoch}" if data.test is None else "which played no part in training"
    say(f"{name} accuracy {found['accuracy']:.2%} on {found['n']:,} texts, {role}")
    if fitted:
        say(calibration_line(model))
    for text, probabilities in zip(data.samples, model.predict_proba(data.samples)):
        say("  " + answer_line(model.label_names, probabilities, text, width=80))
    written = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    say(f"written to {folder}: {', '.join(written)}")


def calibration_line(model):
    """What became of --calibrate."""
    if model.calibration is None:
        return (
            "calibration: none, no temperature is best on the validation part: all answers right, or scores of no use"
        )
    temperature, found = model.calibration["temperature"], model.metrics["calibration"]
    errors = f"{found['ece_before']:.4f} -> {found['ece_after']:.4f}"
    return f"calibration: temperature {temperature:.3g}, validation ECE {errors}"


def check(options):
    """What can be known to be wrong before anything is read. DataError."""
    if options.vocab_size < 3:
        raise DataError(f"--vocab-size: expected at least 3 (padding, unknown and a word), got {options.vocab_size}")
    if not options.data:
        raise DataError("--data: expected a name, got an empty one")
    if options.freeze_embedding and options.embedding is None:
        raise DataError("--freeze-embedding: expected word vectors from --embedding, got none")
    if options.naive_bayes and options.classes != 2:
        raise DataError(f"--naive-bayes: expected two classes, got {options.classes}")
    if options.adversarial and options.model != "recurrent":
        raise DataError(f"--adversarial: expected a recurrent model, got {options.model}")
    if not options.validation > 0:
        raise DataError(f"--validation: expected a share above 0, got {options.validation}")
    check_out(options)


def keep(run):
    """Save the model as it stands: that of the best epoch, or the last weights where no epoch is done."""
    run.model.metrics = {"trained_on": run.trained_on, **best_row(run)}
    run.model.save(run.folder / MODEL)


def trained_on(options, data):
    """What a model's file says of its data: name, `fingerprint`, and how many texts of each label are in each part."""
    parts = {"train": data.train, "validation": data.val, "test": data.test}
    counts = {
        name: {label: int(np.sum(part.t == class_id)) for class_id, label in enumerate(data.label_names)}
        for name, part in parts.items()
        if part is not None
    }
    return {"name": os.path.basename(os.path.normpath(options.data)), "content": fingerprint(data), "texts": counts}


def best_row(run):
    """{"best": the history of the best epoch}, without times, so that one seed gives the same bytes."""
    for row in run.trainer.history:
        if row["epoch"] == run.best.best_epoch:
            return {"best": {key: value for key, value in row.items() if key not in ("seconds", "tokens_per_s")}}
    return {}


def kept(run):
    """What a training that did not come to its end leaves."""
    if run.best.best_epoch is not None:
        return f"the model of epoch {run.best.best_epoch}, the best so far, is in {run.folder}"
    if (run.folder / MODEL).exists():
        return f"no epoch was finished; the model in {run.folder} is the weights as they stood"
    return f"no epoch was finished, so there is no model in {run.folder}"


def way_on(run):
    """How a training that did not come to its end goes on."""
    if not (run.folder / LAST).exists():
        return "nothing of this training was saved"
    return f"go on with: sentifish train --resume {shlex.quote(str(run.folder))}"


def write_summary(run):
    """history.json and config.json."""
    write_json(run.folder / "history.json", run.trainer.history)
    more = {"labels": run.data.label_names, "best_epoch": run.best.best_epoch}
    write_json(run.folder / "config.json", {**asdict(run.options), **more})


def draw(folder, history, best_epoch, matrix, label_names):
    """learning_curve.png and confusion.png."""
    with drawing():
        from matplotlib.figure import Figure

        from common import plot

        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot.learning_curve(history, best_epoch, left)
        plot.accuracy_curve(history, best_epoch, right)
        figure.savefig(folder / "learning_curve.png", dpi=150)
        plot.confusion(matrix, label_names).figure.savefig(folder / "confusion.png", dpi=150)
