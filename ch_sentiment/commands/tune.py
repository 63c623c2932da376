"""A random search: train with settings drawn at random, and list them by what they reach on the validation part.

Trial k's settings depend on --seed and k alone, and each trial is written down when it is done: the same command goes
on where the last one stopped. Bergstra and Bengio 2012.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ch_sentiment.commands.train import WARM_UP, check, fit, make_trainer, streams
from ch_sentiment.console import say
from ch_sentiment.experiment.build import build
from ch_sentiment.experiment.corpus import prepare, split_rng
from ch_sentiment.experiment.options import COUNT, SCHEDULES, add_options, check_told, typed
from ch_sentiment.experiment.recipes import chosen
from ch_sentiment.experiment.run_folder import LOCK, held, write_json
from ch_sentiment.experiment.search_space import Range, draw
from common.training.callbacks import EarlyStopping, LearningRate, Progress
from common.training.schedules import warm_up
from dataset.errors import DataError

HELP = "a small random search over the settings of a training"
VARIED = ("lr=0.0005..0.01", "hidden=32,64,128", "dropout=0..0.6")  # where no --vary is given
SEARCH, TRIALS = "search.json", "trials.jsonl"
NOT_PART = ("out", "overwrite", "no_cache", "quiet")  # options that may differ when a search goes on
REFUSED = {  # options of `train` that have no part here, and why
    "resume": "the same command goes on with a search",
    "test_data": "a search sees the validation part alone",
    "overwrite": "a search goes on where it stopped; for a new one choose another --out",
    "save_every": "what is kept of a trial is its row",
    "calibrate": "what is kept of a trial is its row",
}


def add_arguments(parser):
    """Those of `train`, of which the ones that vary are drawn; those of REFUSED have no part here."""
    add_options(parser)
    parser.add_argument("--trials", type=COUNT, default=10, help="so many in all (default: %(default)s)", metavar="N")
    parser.add_argument(
        "--vary",
        action="append",
        metavar="NAME=VALUES",
        help=f"what to draw: lr=0.0001..0.01 or hidden=32,64,128; may be repeated (default: {' '.join(VARIED)})",
    )


def run(arguments):
    """Run the trials that are not done yet and print the table; -> exit code: 0, or 130 after Ctrl-C. DataError."""
    told = typed(arguments)
    for name, why in REFUSED.items():
        if name in told:
            raise DataError(f"--{name.replace('_', '-')}: expected none, {why}")
    options = chosen(told)
    ranges = parsed(arguments.vary or VARIED)
    names = [r.name for r in ranges]
    if "model" not in names:
        check_told([*told, *names], options.model)
    for number in range(1, arguments.trials + 1):
        check(replace(options, **drawn(ranges, options, number), out=None))
    if options.out == "":
        raise DataError("--out: expected a folder, got an empty name")
    folder = Path(options.out or "runs/tune")
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        done = read_trials(folder / TRIALS)
        check_same(folder / SEARCH, options, ranges, begun=bool(done))
        say(f"{arguments.trials} trials, {len(done)} done; what counts is the validation part, no test text is scored")
        interrupted = False
        for number in range(len(done) + 1, arguments.trials + 1):
            settings = drawn(ranges, options, number)
            say(f"trial {number}/{arguments.trials}: {in_words(settings)}")
            row = trial(replace(options, **settings))
            if row is None:
                interrupted = True
                break
            done.append({"trial": number, "settings": settings, **row})
            with (folder / TRIALS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[-1]) + "\n")
            say(f"  {outcome(done[-1])}")
    say(table(done))
    say(f"written to {folder}: {SEARCH}, {TRIALS}")
    return 130 if interrupted else 0


def parsed(texts):
    """-> list of Range. DataError for a text that is none, and for a name that comes twice."""
    ranges = [Range.parse(text) for text in texts]
    names = [r.name for r in ranges]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"--vary: expected each name once, got {name} {names.count(name)} times")
    return ranges


def drawn(ranges, options, number):
    """The settings of a trial, which depend on the seed and its number alone: a dict by name."""
    return draw(ranges, np.random.default_rng([options.seed, number]))


def trial(options):
    """Train once; -> what the best epoch reached on the validation part, as a dict; None after Ctrl-C."""
    model_rng, order_rng = streams(options)
    data = prepare(options, split_rng(options), lambda line: None)
    net = build(options, data, model_rng, lambda line: None)
    best = EarlyStopping(options.patience)
    callbacks = [LearningRate(warm_up(WARM_UP, SCHEDULES[options.schedule])), best]
    if not options.quiet:
        callbacks.append(Progress())
    trainer = make_trainer(options, net, order_rng, callbacks)
    error = None
    try:
        fit(trainer, options, data.train, options.epochs, data.val)
    except FloatingPointError as found:
        error = str(found)
    if trainer.stop_reason == "SIGINT":
        return None
    row = next((row for row in trainer.history if row["epoch"] == best.best_epoch), {})
    return {
        "val_accuracy": row.get("val_accuracy"),
        "val_loss": row.get("val_loss"),
        "best_epoch": best.best_epoch,
        "parameters": sum(p.size for p in net.params),
        "seconds": round(sum(row["seconds"] for row in trainer.history), 1),
        "error": error,
    }


def check_same(path, options, ranges, begun):
    """Write down what is searched; DataError where the folder already holds another search, of which a trial is done
    (`begun`), or other files.
    """
    settings = {name: value for name, value in asdict(options).items() if name not in NOT_PART}
    search = {"vary": [str(r) for r in ranges], "options": settings}
    if not path.exists():
        if any(entry.name != LOCK for entry in path.parent.iterdir()):
            raise DataError(f"--out: expected a new folder or one of a search, {path.parent} holds other files")
        write_json(path, search)
        return
    try:
        before = json.loads(path.read_text("utf-8"))
    except ValueError:
        raise DataError(f"{path}: expected the settings of a search, got something else") from None
    if before == search:
        return
    if begun:
        raise DataError(f"--out: expected the search that {path.parent} holds, got other settings (choose another)")
    write_json(path, search)  # the other one came to nothing, a file name with a slip in it, say


def read_trials(path):
    """Rows of the trials that are done. A last line that was cut short is that of a trial that is not done. DataError
    where something else stands there.
    """
    if not path.exists():
        return []
    whole, newline, _ = path.read_text("utf-8").rpartition("\n")
    try:
        rows = [json.loads(line) for line in whole.split("\n")] if newline else []
        table(rows)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DataError(f"{path}: expected a trial in every line, got something else") from None
    path.write_text(whole + newline, "utf-8")
    return rows


def table(rows):
    """The trials for reading, the best first."""
    rows = sorted(rows, key=lambda row: (row["val_loss"] is None, -(row["val_accuracy"] or 0), row["val_loss"]))
    return "\n".join(["", *(f"{row['trial']:>5}  {outcome(row)}  {in_words(row['settings'])}" for row in rows)])


def outcome(row):
    """What a trial reached, in a few words."""
    if row["val_loss"] is None:
        return f"no epoch was finished: {row['error']}"
    reached = f"accuracy {row['val_accuracy']:.2%}, loss {row['val_loss']:.4f}"
    return f"{reached} at epoch {row['best_epoch']}, {row['seconds']:.0f} s"


def in_words(settings):
    """lr=0.0021 hidden=64."""
    return " ".join(f"{name}={value}" for name, value in settings.items())
