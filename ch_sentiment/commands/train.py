"""Train a sentiment model and keep it: load, split, build, train, score, write."""

import shlex
import signal
import sys

from ch_sentiment.commands.arguments import add_options, check_typed, typed
from ch_sentiment.commands.mpi_rank import options_of_rank
from ch_sentiment.commands.predict import answer_line
from ch_sentiment.console import Terminated, say
from ch_sentiment.experiment.cells import own_cell
from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.recipes import chosen
from ch_sentiment.experiment.run import check, new_net
from ch_sentiment.experiment.run_folder import LAST, MODEL, check_out, name_of, new_folder, old_folder
from ch_sentiment.experiment.run_in_folder import in_folder, train_in_folder
from ch_sentiment.experiment.run_state import check_same, read_run_state, with_changes
from common.files.resume import resume_training
from common.training.callbacks import EpochTable, Progress, StopOnSignal
from common.training.parallel import StopTogether, world
from dataset.errors import DataError

HELP = "train a model on labelled text and keep it in a folder"
STOPPED = {"SIGINT": ("interrupted", 130), "SIGTERM": ("terminated", 143)}  # reason: what is said, exit code


def add_arguments(parser):
    add_options(parser)


def run(arguments):
    """Train; -> exit code: 0, 130 after Ctrl-C, or 143 after SIGTERM. Raises as `Trainer.fit` and the loaders; what is
    wrong with the input is said before anything is written.
    """
    with options_of_rank(typed(arguments)) as options:
        if "resume" in options:
            return resume(options)
        config = chosen(options)
        check_typed(options, config.model.model)
        return begin(config)


def begin(config):
    """A new training in a new folder."""
    check(config)
    check_out(config.run)
    tell = teller(config)
    data = corpus_of(config, tell)
    net, notes = new_net(config, data)
    tell(*notes)
    with new_folder(config.run, name_of(config)) as folder:
        tell(
            f"{len(data.train):,} texts to train on, {len(data.val):,} to validate, {len(data.vocab):,} words, "
            f"{sum(p.size for p in net.params):,} parameters"
        )
        return train(in_folder(config, data, net, folder, *callbacks_of(config)), folder)


def resume(options):
    """The training in the folder `options["resume"]` goes on, with its own settings but for what `options` change."""
    with old_folder(options["resume"]) as folder:
        if "cell" in options:
            own_cell(options["cell"])
        state = read_run_state(folder / LAST)
        config = with_changes(state.config, options)
        tell = teller(config)
        data = corpus_of(config, tell)
        check_same(state, folder, data)
        experiment = in_folder(config, data, state.net, folder, *callbacks_of(config))
        trainer, best, epochs = experiment.trainer, experiment.best, config.training.epochs
        resume_training(folder / LAST, trainer)
        if epochs < trainer.epoch:
            raise DataError(f"--epochs: expected at least {trainer.epoch}, so many have begun, got {epochs}")
        if trainer.epochs_done == epochs:
            say(f"training had already ended: {epochs} epochs are done (more: --epochs N)")
        elif best.is_over(trainer):
            say(f"training had already ended after epoch {trainer.epoch}: no better loss for {best.patience} epochs")
        else:
            tell(f"going on after step {trainer.step:,}, {trainer.epochs_done} of {epochs} epochs done")
        return train(experiment, folder)


def corpus_of(config, tell):
    """The Corpus that the options name, and what there is to say of it."""
    data = encode(load(config.data), config, not config.run.no_cache, not config.run.quiet)
    tell(*data.notes)
    return data


def callbacks_of(config):
    """What stops and shows a training, and the communicator of its ranks (None: one process)."""
    comm = world()
    stop = StopOnSignal((signal.SIGTERM,)) if comm is None else StopTogether(comm, (signal.SIGINT, signal.SIGTERM))
    return [stop, *([] if config.run.quiet else [Progress(), EpochTable(say)])], comm


def train(experiment, folder):
    """Train to the end, or until a signal comes, and say what came of it; -> exit code."""
    try:
        result = train_in_folder(experiment, folder)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror or error}; {way_on(folder)}", error.filename) from None
    except (KeyboardInterrupt, Terminated):  # the second: at once
        print(way_on(folder), file=sys.stderr)
        raise
    if result.error is not None:
        raise FloatingPointError(f"{result.error}; {left_by(result, folder)}")
    if result.scores is None:
        message, code = STOPPED[result.stop_reason]
        print(f"{message}: {left_by(result, folder)}\n{way_on(folder)}", file=sys.stderr)
        return code
    report(result, experiment.data, folder)
    return 0


def teller(config):
    """What prints lines, unless --quiet."""
    return (lambda *lines: None) if config.run.quiet else (lambda *lines: [say(line) for line in lines])


def report(result, data, folder):
    """Print what a training came to, and a few answers."""
    model, scores = result.model, result.scores
    role = "which played no part in training" if result.scored_on == "test" else f"best epoch {result.best['epoch']}"
    say(f"{result.scored_on} accuracy {scores['accuracy']:.2%} on {scores['n']:,} texts, {role}")
    if "calibration" in model.metrics:
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


def left_by(result, folder):
    """What a training that did not come to its end leaves."""
    if result.best:
        return f"the model of epoch {result.best['epoch']}, the best so far, is in {folder}"
    if (folder / MODEL).exists():
        return f"no epoch was finished; the model in {folder} is the weights as they stood"
    return f"no epoch was finished, so there is no model in {folder}"


def way_on(folder):
    """How a training that did not come to its end goes on."""
    if not (folder / LAST).exists():
        return "nothing of this training was saved"
    return f"go on with: sentifish train --resume {shlex.quote(str(folder))}"
