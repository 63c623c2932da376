"""A self-training on the command line: begun or continued, its rounds as lines to read."""

from pathlib import Path

from tqdm import tqdm

from ch_sentiment.commands.outcome import STOPPED, how_to_resume, inform, print_outcome, say_written, with_way_out
from ch_sentiment.console import Terminated, say, shorten_name, warn
from ch_sentiment.experiment import run_folder
from ch_sentiment.experiment.cells import register_cell
from ch_sentiment.experiment.run import check_builds
from ch_sentiment.experiment.run_folder import held, name_of, new_folder
from ch_sentiment.experiment.run_state import with_changes
from ch_sentiment.experiment.self_training import Stopped, rounds_of, self_train, warnings_after, warnings_before
from ch_sentiment.experiment.self_training_folder import (
    FolderRun,
    State,
    begin,
    check_goes_on,
    load_teachers,
)
from dataset.errors import DataError

NAME = 40  # characters of a label that are shown


def start_rounds(config, data, notes, callbacks_of):
    """A new self-training in a new folder; -> exit code. notes: lines for the user. callbacks_of: as of `train`."""
    given = load_teachers(config, data)
    check_builds(config, data)
    inform(config.run, *data.notes, *notes)
    with new_folder(config.run, f"{name_of(config)}-self-trained") as folder:
        return train_rounds(config, data, given, folder, begin(folder, config, data), callbacks_of)


def resume_rounds(options, corpus_of, callbacks_of):
    """Continue the self-training in the folder `options["resume"]`, in the round where it was. corpus_of,
    callbacks_of: as of `train`.
    """
    if "epochs" in options:
        raise DataError("--epochs: expected none beside --resume: a self-training keeps the number that it began with")
    folder = Path(options["resume"])
    with held(folder):
        if "cell" in options:
            register_cell(options["cell"])
        state = State.read(folder)
        config = with_changes(state.config, options)
        data = corpus_of(config)
        check_goes_on(state, folder, config, data)
        line = f"going on with the self-training in {folder}, {len(state.done)} trainings are done"
        inform(config.run, *data.notes, line)
        return train_rounds(config, data, load_teachers(config, data), folder, state, callbacks_of)


def train_rounds(config, data, given, folder, state, callbacks_of):
    """Self-train to the end, or until a signal comes, and print the outcome; -> exit code. given: list of Teacher."""

    def on_train(name, data, notes):
        soft = (
            "" if data.labelled is None else f", {len(data.train) - len(data.labelled.train):,} of them soft-labelled"
        )
        inform(config.run, *notes, f"{name}: {len(data.train):,} texts to train on{soft}, {len(data.vocab):,} words")

    def tell(found):
        inform(config.run, *round_lines(found, rounds_of(config)))
        for line in doubts(found, given):
            warn(line)

    def wrapped(items, doing):
        return items if config.run.quiet else tqdm(items, desc=doing, leave=False, disable=None)

    how = {
        "callbacks_of": callbacks_of,
        "on_train": on_train,
        "tell": tell,
        "wrapped": wrapped,
    }
    run = FolderRun(folder, state, data, given, **how)
    try:
        kept, rounds = self_train(config, data, given, run)
        result = run.finish(config, kept, rounds)
    except OSError as error:
        raise with_way_out(error, folder) from None
    except (KeyboardInterrupt, Terminated):  # the second signal, or one between two trainings
        warn(how_to_resume(folder))
        raise
    except Stopped as stopped:
        message, code = STOPPED[stopped.result.stop_reason]
        warn(f"{message} in {stopped.name}: no model is kept yet", how_to_resume(folder))
        return code
    say(f"the model that is kept: {kept}")
    print_outcome(result, data.samples, folder, config, "a new training with")
    run_folder.write_figures(folder, result, warn)
    say_written(folder)
    return 0


def round_lines(found, rounds):
    """Lines on a Round, once its texts are labelled, or once it is done; rounds: how many there are."""
    head = f"round {found.number} of {rounds}"
    if found.after is not None:
        change = "" if found.change is None else f"{found.before:.2%} ({found.reference}) -> "
        yield f"{head}: validation accuracy {change}{found.after:.2%}; {found.kept} is kept"
        return
    each = ", ".join(f"{name} {accuracy:.2%}" for name, accuracy in found.teachers.items())
    mean = f"; the mean of them {found.accuracy:.2%}" if len(found.teachers) > 1 else ""
    yield f"{head}: validation accuracy of the teachers, on {found.n:,} texts: {each}{mean}"
    if found.sure_right is not None:
        yield f"{head}: {found.sure:,} of these answers are as sure as that, {found.sure_right:.2%} of them are right"
    chosen = ", ".join(f"{shorten_name(label, NAME)} {count:,}" for label, count in found.chosen.items())
    surplus = f", {found.surplus:,} are more than the balance of the classes has room for" if found.surplus else ""
    total = sum(found.chosen.values())
    used = f"{total:,} of {found.texts:,} texts without labels are learnt from ({chosen})"
    yield f"{head}: {used}; {found.unsure:,} are not sure enough{surplus}"


def doubts(found, given):
    """Lines of warning on a Round. given: list of Teacher."""
    return warnings_before(found, given if found.number == 1 else ()) if found.after is None else warnings_after(found)
