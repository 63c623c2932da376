"""Pretrain on texts without labels: word vectors or a language model, from which `train --init-from` starts."""

import math
import os
import signal
from pathlib import Path

from ch_sentiment.commands.arguments import add_option
from ch_sentiment.commands.outcome import STOPPED, inform
from ch_sentiment.console import Terminated, as_argument, say, warn
from ch_sentiment.experiment.classifier import MODEL
from ch_sentiment.experiment.run_folder import LAST, check_out, new_folder, old_folder
from ch_sentiment.experiment.run_state import resume_run
from ch_sentiment.pretraining.options import FIELDS, SKIP_GRAM, PretrainOptions
from ch_sentiment.pretraining.pretraining import RESULTS, Pretraining, check_same, read_options
from ch_sentiment.pretraining.texts import load_texts
from common.arrays.examples import num_examples
from common.training.callback import Callback
from common.training.callbacks import Progress, StopOnSignal
from common.training.progress import say_above
from dataset.errors import DataError
from dataset.reading.input_file import is_pipe

HELP = "pretrain word vectors or a language model on texts without labels, for train --init-from"


def add_arguments(parser):
    """The texts, and an argument for each field of PretrainOptions."""
    text = "texts, one a line, or labelled text, whose labels are not looked at: whatever `train` reads"
    parser.add_argument("files", nargs="*", metavar="TEXTS", help=text)
    parser.add_argument("--data", action="append", default=[], metavar="TEXTS", help="the same, any number of times")
    for f in FIELDS.values():
        add_option(parser, f)


def run(arguments):
    """Pretrain; -> exit code: 0, 130 after Ctrl-C, or 143 after SIGTERM. Raises as `Trainer.fit` and the readers."""
    options = {name: getattr(arguments, name) for name in FIELDS if hasattr(arguments, name)}
    files = [*arguments.files, *arguments.data]
    if "resume" in options:
        if files:
            raise DataError(
                f"--resume: expected no texts beside it, got {', '.join(files)}: they are those it began with"
            )
        return resume(options)
    if not files:
        raise DataError("expected texts to pretrain on: a file, or several")
    return start(
        PretrainOptions.of({**options, "data": [str(Path(name).resolve()) if _stays(name) else name for name in files]})
    )


def start(options):
    """A new pretraining in a new folder."""
    check_out(options)
    texts = load_texts(options, not options.quiet)
    inform(options, *texts.notes)
    with new_folder(options, f"{Path(options.data[0]).stem}-{options.task}", RESULTS) as folder:
        return train(Pretraining(options, texts, folder, callbacks_of(options)))


def _stays(name):
    """Whether a file or folder of this name is there, which can be read again, from another working folder, too."""
    return os.path.exists(name) and not is_pipe(name)


def resume(typed):
    """Continue the pretraining in the folder `typed["resume"]`."""
    with old_folder(typed["resume"]) as folder:
        options, words, fingerprint = read_options(folder)
        options = options.changed(typed)
        texts = load_texts(options, not options.quiet)
        check_same(folder, words, fingerprint, texts)
        pretraining = Pretraining(options, texts, folder, callbacks_of(options))
        resume_run(folder / LAST, pretraining.trainer, num_examples(pretraining.x), options.batch_size)
        done = pretraining.trainer.epochs_done
        if options.epochs < pretraining.trainer.epoch:
            begun = pretraining.trainer.epoch
            raise DataError(f"--epochs: expected at least {begun}, so many have begun, got {options.epochs}")
        inform(options, f"going on after step {pretraining.trainer.step:,}, {done} of {options.epochs} epochs done")
        return train(pretraining)


def callbacks_of(options):
    """Callbacks that stop and show a pretraining."""
    return [StopOnSignal((signal.SIGTERM,)), *([] if options.quiet else [Progress(), EpochLine(options.task)])]


class EpochLine(Callback):
    """A line for every epoch: losses, of a language model perplexities, words a second, seconds."""

    def __init__(self, task):
        self.task = task

    def on_epoch_end(self, trainer):
        row = trainer.history[-1]
        loss, held_out = row["loss"], row["val_loss"]
        figures = f"loss {loss:.4f}, held out {held_out:.4f}"
        if self.task != SKIP_GRAM:
            figures += f" (perplexity {math.exp(min(held_out, 700)):.2f})"
        speed = f"{row['tokens_per_s']:,.0f} words/s, {row['seconds']:.1f} s"
        say_above(say, trainer, f"epoch {row['epoch']}: {figures}, {speed}")


def train(pretraining):
    """Train to the end, or until a signal comes, and say what was written; -> exit code."""
    folder, trainer = pretraining.folder, pretraining.trainer
    how = f"go on with: sentifish pretrain --resume {as_argument(folder)}"
    try:
        pretraining.train()
    except (KeyboardInterrupt, Terminated):  # the second signal: at once
        warn(how)
        raise
    if pretraining.was_stopped:
        message, code = STOPPED[trainer.stop_reason]
        warn(f"{message} after step {trainer.step:,}; {how}")
        return code
    best = trainer.history[pretraining.best.best_epoch - 1]
    held_out = f"loss on held-out texts {best['val_loss']:.4f}"
    if pretraining.options.task != SKIP_GRAM:
        held_out = f"perplexity on held-out texts {math.exp(min(best['val_loss'], 700)):.2f}"
    say(f"{held_out} after epoch {best['epoch']}")
    say(f"written to {folder / MODEL}: start from it with: sentifish train FILE --init-from {as_argument(folder)}")
    return 0
