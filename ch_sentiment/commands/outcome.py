"""What a training says at its end: its outcome, what was written, and how to go on where it was stopped."""

from pathlib import Path

from ch_sentiment.commands.predict import answer_line
from ch_sentiment.commands.scores import abstention_line, outcome_lines, wide_line
from ch_sentiment.console import as_argument, say
from ch_sentiment.experiment.epoch_choice import ENOUGH
from ch_sentiment.experiment.run_folder import LAST, MODEL, STATE
from common.files.held_folder import FolderMoved, check_stays

STOPPED = {"SIGINT": ("interrupted", 130), "SIGTERM": ("terminated", 143)}  # reason: what is said, exit code

TOO_FEW = f"fewer than {ENOUGH} validation texts would choose it"


def inform(options, *lines):
    """Print lines, unless --quiet. options: with `quiet`."""
    for line in () if options.quiet else lines:
        say(line)


def print_outcome(result, samples, folder, config, how_to_train_more=None):
    """Print the scores of a training, and the answers to a few texts. how_to_train_more: a command."""
    model = result.model
    more = how_to_train_more or f"sentifish train --resume {as_argument(folder)}"
    say(*outcome_lines(result, config, more))
    if "wide" in model.metrics:
        say(wide_line(model.metrics["wide"]))
    if config.run.calibrate:
        say(calibration_line(model) if "calibration" in model.metrics else f"calibration: none, {TOO_FEW}")
    if "abstention" in model.metrics:
        say(abstention_line(model.metrics["abstention"]))
    below = model.abstain_below or 0.0
    for text, probabilities in zip(samples, model.predict_proba(samples)):
        say("  " + answer_line(model.label_names, probabilities, text, width=80, below=below), kept="\t")


def calibration_line(model):
    """The effect of --calibrate, in one line."""
    if model.calibration is None:
        why = "no temperature is best on the validation part: all answers right, or scores of no use"
        return f"calibration: none, {why}"
    temperature, found = model.calibration["temperature"], model.metrics["calibration"]
    errors = f"{found['ece_before']:.4f} -> {found['ece_after']:.4f}"
    return f"calibration: temperature {temperature:.3g}, validation ECE {errors}"


def result_so_far(result, folder):
    """Which model an interrupted training left in its folder, in one line."""
    if result.best:
        return f"the model of epoch {result.best['epoch']}, the best so far, is in {folder}"
    if (folder / MODEL).exists():
        return f"no epoch was finished; the model in {folder} is the weights as they stood"
    return f"no epoch was finished, so there is no model in {folder}"


def how_to_resume(folder):
    """How to resume an interrupted training, in one line."""
    if not any((folder / name).exists() for name in (LAST, STATE)):
        return "nothing of this training was saved"
    return f"go on with: sentifish train --resume {as_argument(folder)}"


def say_written(folder):
    """Name what a training wrote. FolderMoved where it is elsewhere by now."""
    check_stays(folder)
    written = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    say(f"written to {folder}: {', '.join(written)}")


def with_way_out(error, folder):
    """An OSError of a training as another one, which says how to go on, too."""
    if isinstance(error, FolderMoved):
        return OSError(f"{error}; {how_to_resume(Path(error.now)) if error.now else 'nothing of it can be kept'}")
    line = f"{error.strerror or error}; {how_to_resume(folder)}"
    return OSError(line) if error.errno is None else OSError(error.errno, line, error.filename)
