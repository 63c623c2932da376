"""Train a sentiment model and keep it: load, split, build, train, score, write."""

import functools
import signal

from tqdm import tqdm

from ch_sentiment.commands.arguments import add_options, typed, typed_config
from ch_sentiment.commands.outcome import (
    STOPPED,
    how_to_resume,
    inform,
    print_outcome,
    result_so_far,
    say_written,
    with_way_out,
)
from ch_sentiment.commands.rounds import resume_rounds, start_rounds
from ch_sentiment.console import Terminated, say, warn
from ch_sentiment.experiment import epoch_choice, run_folder
from ch_sentiment.experiment.auto import choose, is_left_open
from ch_sentiment.experiment.cells import register_cell
from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.follower import SIGNALS
from ch_sentiment.experiment.load import PHRASES, load
from ch_sentiment.experiment.recipes import AUTO, suited_to_cell
from ch_sentiment.experiment.run import check_config, new_net
from ch_sentiment.experiment.run_folder import (
    LAST,
    check_out,
    in_folder,
    name_of,
    new_folder,
    old_folder,
    train_in_folder,
)
from ch_sentiment.experiment.run_state import check_same, read_run_state, resume_run, with_changes
from ch_sentiment.experiment.self_training import rounds_of
from ch_sentiment.experiment.self_training_folder import is_self_training
from ch_sentiment.experiment.sharing import shared
from common.threads import blas_threads
from common.training.callbacks import EpochTable, Progress, StopOnSignal
from common.training.mpi import joined
from common.training.parallel import StopTogether
from dataset.errors import DataError

HELP = "train a model on labelled text and keep it in a folder"


def add_arguments(parser):
    """The options of all five groups."""
    add_options(parser)


def run(arguments):
    """Train; -> exit code: 0, 130 after Ctrl-C, or 143 after SIGTERM. Raises as `Trainer.fit` and the loaders; what is
    wrong with the input is said before anything is written.
    """
    options, comm = typed(arguments), joined()
    if comm is not None and not options.get("quiet"):
        say(f"{comm.size} ranks share every batch, BLAS threads of each: {blas_threads() or 'all'}")
    return resume(options) if "resume" in options else start(options)


def start(options):
    """A new training in a new folder."""
    options, of_cell = suited_to_cell(options)
    config = typed_config({**options, "recipe": None} if options.get("recipe") == AUTO else options)
    check_before(config)
    texts = loaded(config)
    if is_left_open(options) and config.data.data not in PHRASES:
        options = {**options, "recipe": AUTO}
    options, choice = choose(options, texts)
    config = typed_config(options)
    data = encode(texts, config, not config.run.no_cache, not config.run.quiet)
    if data.unlabelled_texts is not None and rounds_of(config):
        return start_rounds(config, data, filter(None, (of_cell, choice)), callbacks_of)
    net, notes = new_net(config, data, progress_of(config))
    inform(config.run, *data.notes, *filter(None, (of_cell, choice)), *notes)
    with new_folder(config.run, name_of(config)) as folder:
        texts = f"{len(data.train):,} texts to train on, {len(data.val):,} to validate, {len(data.vocab):,} words"
        experiment = in_folder(config, data, net, folder, *callbacks_of(config, data))
        texts += f", {sum(p.size for p in net.params):,} parameters; {shared(experiment.trainer)}"
        inform(config.run, texts, *epoch_choice.notes(config, data))
        return train(experiment, folder)


def resume(options):
    """Continue the training in the folder `options["resume"]`, with its own settings but for those in `options`."""
    if is_self_training(options["resume"]):
        return resume_rounds(options, corpus_of, callbacks_of)
    with old_folder(options["resume"]) as folder:
        if "cell" in options:
            register_cell(options["cell"])
        state = read_run_state(folder / LAST)
        config = with_changes(state.config, options)
        check_config(config)
        data = corpus_of(config)
        check_same(state, folder, data)
        inform(config.run, *data.notes)
        experiment = in_folder(config, data, state.net, folder, *callbacks_of(config, data))
        trainer, best, epochs = experiment.trainer, experiment.best, config.training.epochs
        resume_run(folder / LAST, trainer, len(data.train), config.training.batch_size)
        if epochs < trainer.epoch:
            raise DataError(f"--epochs: expected at least {trainer.epoch}, so many have begun, got {epochs}")
        if trainer.epochs_done == epochs:
            say(f"training had already ended: {epochs} epochs are done (more: --epochs N)")
        elif best.is_over(trainer):
            say(f"training had already ended after epoch {trainer.epoch}: {best.reason}")
        else:
            done = f"{trainer.epochs_done} of {epochs} epochs done"
            inform(config.run, f"going on after step {trainer.step:,}, {done}; {shared(trainer)}")
        return train(experiment, folder)


def prepared(config):
    """-> Corpus of a new training, after `check_before`."""
    check_before(config)
    return corpus_of(config)


def check_before(config):
    """DataError for what is wrong whatever the data is: options, and --out."""
    if config.run.recipe == "unlabelled" and config.unlabelled.unlabelled is None:
        raise DataError("--recipe unlabelled: expected texts without labels, --unlabelled FILE, got none")
    check_config(config)
    check_out(config.run)


def corpus_of(config):
    """-> Corpus of the data that the options name."""
    return encode(loaded(config), config, not config.run.no_cache, not config.run.quiet)


def progress_of(config):
    """What shows a bar on standard error, if that is a terminal, while the linear part of --wide is fitted."""
    return functools.partial(tqdm, desc="linear part", leave=False, disable=config.run.quiet or None)


def loaded(config):
    """-> LabelledTexts that the options name. DataError where no text would be left to score."""
    texts = load(config.data, config.unlabelled)
    if config.data.validation == 0 and texts.test is None:
        raise DataError("--validation 0: expected --test-data to score, got none (--validation 0.1 holds texts out)")
    return texts


def callbacks_of(config, data):
    """-> callbacks that stop and show a training, and the communicator of its ranks (None: one process)."""
    comm = joined()
    stop = StopOnSignal((signal.SIGTERM,)) if comm is None else StopTogether(comm, SIGNALS)
    return [stop, *([] if config.run.quiet else [Progress(), EpochTable(say, len(data.val))])], comm


def train(experiment, folder):
    """Train to the end, or until a signal comes, and print the outcome; -> exit code."""
    try:
        result = train_in_folder(experiment, folder)
    except OSError as error:
        raise with_way_out(error, folder) from None
    except (KeyboardInterrupt, Terminated):  # the second signal: at once
        warn(how_to_resume(folder))
        raise
    if result.error is not None:
        raise FloatingPointError(f"{result.error}; {result_so_far(result, folder)}")
    if result.scores is None:
        message, code = STOPPED[result.stop_reason]
        warn(f"{message}: {result_so_far(result, folder)}", how_to_resume(folder))
        return code
    print_outcome(result, experiment.data.samples, folder, experiment.config)
    run_folder.write_figures(folder, result, warn)
    say_written(folder)
    return 0
