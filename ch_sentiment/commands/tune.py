"""A random search: train with settings drawn at random, and list them by what they reach on the validation part.

Trial k's settings depend on --seed and k alone, and each trial is written down when it is done: the same command goes
on where the last one stopped. Bergstra and Bengio 2012.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from ch_sentiment.commands.arguments import add_options, add_processes_argument, typed, typed_config
from ch_sentiment.commands.outcome import STOPPED, inform
from ch_sentiment.commands.scores import interval
from ch_sentiment.console import say, warn
from ch_sentiment.experiment.corpus import encode
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.option import TRIAL_COUNT, flag
from ch_sentiment.experiment.options import FIELDS, GROUP_OF
from ch_sentiment.experiment.output import write_json
from ch_sentiment.experiment.recipes import check_size
from ch_sentiment.experiment.run import check_config, new_net, run_experiment
from ch_sentiment.experiment.run_folder import LOCK, held, made_folder
from ch_sentiment.experiment.search_space import parsed
from ch_sentiment.experiment.trainings import TrainingStopped, at_a_time, train_each
from common.checking.intervals import wilson_interval
from common.files.held_folder import check_stays, place
from dataset.errors import DataError
from dataset.reading.input_file import read_text

HELP = "a small random search over the settings of a training"
VARIED = ("lr=0.0005..0.01", "hidden=32,64,128", "dropout=0..0.6")  # where no --vary is given
SEARCH, TRIALS = "search.json", "trials.jsonl"
REFUSED = {  # options of `train` that have no part here, and why
    "resume": "the same command goes on with a search",
    "test_data": "a search sees the validation part alone",
    "overwrite": "a search goes on where it stopped; for a new one choose another --out",
    "save_every": "a trial leaves nothing but its row",
    "calibrate": "a trial leaves nothing but its row",
    "abstain": "a trial leaves nothing but its row",
    "device": "trials run beside each other, on the CPU",
}
REFUSED |= {name: "a trial sees labelled texts alone" for name, group in GROUP_OF.items() if group == "unlabelled"}

OF_TRIALS = [name for name in FIELDS if name != "processes"]


def add_arguments(parser):
    """Those of `train`; `run` refuses those of REFUSED, and says why."""
    add_options(parser, OF_TRIALS)
    add_processes_argument(parser)
    trials = "the number of trials in all (default: %(default)s)"
    parser.add_argument("--trials", type=TRIAL_COUNT, default=10, help=trials, metavar="N")
    vary = f"what to vary: lr=0.0001..0.01 or hidden=32,64,128; may be repeated (default: {' '.join(VARIED)})"
    parser.add_argument("--vary", action="append", metavar="NAME=VALUES", help=vary)


def run(arguments):
    """Run the trials that are not done yet and print the table; -> exit code: 0, 130 after Ctrl-C, or 143 after
    SIGTERM. DataError.
    """
    options = typed(arguments, OF_TRIALS)
    for name, why in REFUSED.items():
        if name in options:
            raise DataError(f"{flag(name)}: expected none, {why}")
    ranges = parsed(arguments.vary or VARIED)
    config = typed_config(options, [r.name for r in ranges])
    sized = "wordvec" in options or any(r.name == "wordvec" for r in ranges)
    for number in range(1, arguments.trials + 1):
        each = config.with_(**settings_of(ranges, config, number))
        check_config(each)
        if sized:
            check_size(each.model)
    if config.data.validation == 0:
        raise DataError("--validation: expected a share above 0, by which trials are ranked, got 0")
    if config.run.out == "":
        raise DataError("--out: expected a folder, got an empty name")
    processes, alone = at_a_time(arguments.processes, arguments.trials, config.run), config.with_(processes=1)
    folder = Path(config.run.out or "runs/tune")
    texts = load(config.data)
    if not (folder / TRIALS).exists():
        check_trials(config, ranges, arguments.trials, texts)
    code = 0
    with made_folder(folder), held(folder):
        rows = read_trials(folder / TRIALS)
        keep_search(folder / SEARCH, config, ranges, has_trials=bool(rows))
        inform(config.run, *encoded(texts, config.with_(**settings_of(ranges, config, 1))).notes)
        say(f"{arguments.trials} trials, {len(rows)} done; what counts is the validation part, no test text is scored")
        left = range(len(rows) + 1, arguments.trials + 1)

        def begun():
            for number in left:
                settings = settings_of(ranges, config, number)
                say(f"trial {number}/{arguments.trials}: {in_words(settings)}")
                yield f"trial {number}", (number, settings)

        def train(numbered, callbacks):
            number, settings = numbered
            return {"trial": number, "settings": settings, **trial(alone.with_(**settings), texts, callbacks)}

        try:
            for name, row in train_each(train, begun(), processes, config.run.quiet):
                rows.append(row)
                with open(place(folder / TRIALS), "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                say(f"  {name}: {trial_outcome(row)}")
                check_stays(folder)
        except TrainingStopped as stopped:
            message, code = STOPPED[stopped.reason]
            warn(f"{message}: {len(rows)} of {arguments.trials} trials are done; the same command goes on")
    say(*trials_table(rows).split("\n"))
    for line in not_told_apart(rows):
        say(line)
    say(f"written to {folder}: {SEARCH}, {TRIALS}")
    return code


def check_trials(config, ranges, trials, texts):
    """Build the first net of each cell, so that errors come before anything is written. DataError, ValueError."""
    kinds = {}  # cell -> the first trial with it: a custom one may fail
    for number in range(1, trials + 1):
        settings = settings_of(ranges, config, number)
        kinds.setdefault(settings.get("cell"), config.with_(**settings))
    for each in kinds.values():
        new_net(each, encoded(texts, each))


def settings_of(ranges, config, number):
    """The settings of a trial, which depend on the seed and its number alone: a dict by name."""
    rng = np.random.default_rng([config.run.seed, number])
    return {r.name: r.sample(rng) for r in ranges}


def trial(config, texts, callbacks):
    """Train once; -> what the best epoch reached on the validation part, as a dict. TrainingStopped."""
    data = encoded(texts, config)
    result = run_experiment(config, data, callbacks)
    if result.stop_reason in STOPPED:
        raise TrainingStopped(result.stop_reason)
    return {
        "val_accuracy": result.best.get("val_accuracy"),
        "val_loss": result.best.get("val_loss"),
        "val_texts": len(data.val),
        "best_epoch": result.best.get("epoch"),
        "parameters": sum(p.size for p in result.model.net.params),
        "seconds": round(sum(row["seconds"] for row in result.history), 1),
        "error": result.error,
    }


def encoded(texts, config):
    """-> Corpus without its test part."""
    return replace(encode(texts, config, not config.run.no_cache, not config.run.quiet), test=None)


def keep_search(path, config, ranges, has_trials):
    """Write the settings of the search to `path`; DataError where the folder already holds another search, of which a
    trial is done (`has_trials`), or other files.
    """
    free = ("out", "overwrite", "no_cache", "quiet", "classes")  # may differ when a search goes on
    options = {name: value for name, value in config.by_name().items() if name not in free}
    search = {"vary": [str(r) for r in ranges], "options": options}
    if path.exists():
        try:
            before = json.loads(read_text(path))
            # an older version wrote fewer options: those that there were not have their defaults
            before["options"] = {name: before["options"].get(name, FIELDS[name].default) for name in options}
            same = before == search
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise DataError(f"{path}: expected the settings of a search, got something else") from None
        if has_trials and not same:
            raise DataError(f"--out: expected the search that {path.parent} holds, got other settings (choose another)")
    elif any(entry.name != LOCK for entry in path.parent.iterdir()):
        raise DataError(f"--out: expected a new folder or one of a search, {path.parent} holds other files")
    write_json(path, search)  # replaces a search without a trial, such as one of a misspelt file name


def read_trials(path):
    """The rows of finished trials: list of dict. An incomplete last line, of an interrupted write, is dropped from the
    file. DataError where the file holds something else.
    """
    if not path.exists():
        return []
    whole, newline, _ = read_text(path).rpartition("\n")
    try:
        rows = [json.loads(line) for line in whole.split("\n")] if newline else []
        trials_table(rows)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DataError(f"{path}: expected a trial in every line, got something else") from None
    path.write_text(whole + newline, "utf-8")
    return rows


def trials_table(rows):
    """A line for each trial, the best first."""
    rows = sorted(rows, key=lambda row: (row["val_loss"] is None, -(row["val_accuracy"] or 0), row["val_loss"]))
    return "\n".join(["", *(f"{row['trial']:>5}  {trial_outcome(row)}  {in_words(row['settings'])}" for row in rows)])


def not_told_apart(rows):
    """A line, in a list, on the trials that are no worse than the best, as far as the validation texts can tell; []
    where it is ahead of all others.
    """
    rows = [row for row in rows if row["val_accuracy"] is not None and row.get("val_texts")]
    if len(rows) < 2:
        return []
    best = max(rows, key=lambda row: row["val_accuracy"])
    low, _ = wilson_interval(best["val_accuracy"], best["val_texts"])
    alike = sum(row["val_accuracy"] >= low for row in rows) - 1
    few = f"{best['val_texts']:,} validation texts do not tell the first from {alike} of the others"
    return [f"{few}: try them again with another --seed, or a larger --validation"] if alike else []


def trial_outcome(row):
    """What a trial reached, in a few words."""
    if row["val_loss"] is None:
        return f"no epoch was finished: {row['error']}"
    texts = row.get("val_texts")  # older versions did not write it
    sure = f" ({interval(row['val_accuracy'], texts)})" if texts else ""
    reached = f"accuracy {row['val_accuracy']:.2%}{sure}, loss {row['val_loss']:.4f}"
    return f"{reached} at epoch {row['best_epoch']}, {row['seconds']:.0f} s"


def in_words(settings):
    """Settings as "lr=0.0021 hidden=64"."""
    return " ".join(f"{name}={value}" for name, value in settings.items())
