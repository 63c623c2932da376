"""`python -m benchmarks.accuracy --data train.tsv --group-file train.movies.txt` trains every run once for each seed,
and writes what they reach: accuracy.md, accuracy.json, accuracy.png.

A seed draws the split and the weights; `--folds` cuts the texts into parts instead, `--labels` draws a learning curve.
The trainings stay in the folder: the same command goes on where it was broken off. Exit codes: 0 done, 2 bad input or
a training that failed, 130 Ctrl-C, 143 SIGTERM.
"""

import re
import shlex
import sys
from pathlib import Path

from benchmarks.accuracy.ablation import without_each
from benchmarks.accuracy.parts import few_labels, folds
from benchmarks.accuracy.processes import train_all
from benchmarks.accuracy.report import write_report
from benchmarks.accuracy.scores import averaged, compare, score
from benchmarks.accuracy.trainings import GIVEN, OF_SOME, RUNS, SHARED, plan, splits_of
from ch_sentiment.commands.arguments import add_options, typed
from ch_sentiment.console import OneLineParser, Terminated, printable, terminable
from ch_sentiment.experiment.option import COUNT, SEED, flag
from common.cores import most_processes
from common.files.checkpoint import CheckpointError
from dataset.errors import DataError

PROG = "python -m benchmarks.accuracy"


def main(argv=None):
    """-> exit code."""
    argv = sys.argv[1:] if argv is None else argv
    options = parser().parse_args(argv)
    try:
        with terminable():
            return run(options, shlex.join(["python", "-m", "benchmarks.accuracy", *argv]))
    except (ValueError, CheckpointError, OSError) as error:
        tell(f"{PROG}: {printable(str(error))}")
        return 2
    except (KeyboardInterrupt, Terminated) as stopped:
        tell("stopped: the finished trainings are kept, and the same command goes on")
        return 143 if isinstance(stopped, Terminated) else 130


def parser():
    parser = OneLineParser(prog=PROG, description="Train runs x splits, and tell how accurate each run is.")
    names, known = {"nargs": "*", "metavar": "NAME"}, ", ".join(RUNS)
    alone = [name for name, arguments in RUNS.items() if "{--" not in arguments]
    default = f"default: all but {', '.join(name for name in RUNS if name not in alone)}"
    parser.add_argument("--runs", **names, choices=RUNS, default=alone, help=f"of {known} ({default})")
    parser.add_argument("--recipe", **names, default=[], help="further recipes to train")
    further = "a further run, any number of times: its name, and what `sentifish train` is given; {NAME} is the folder "
    further += f"of another run on the same split, {' and '.join(f'{{{flag(name)}}}' for name in GIVEN)} that option"
    parser.add_argument("--run", action="append", default=[], metavar="NAME=ARGUMENTS", help=further)
    parser.add_argument("--ablate", **names, default=[], help="and each of these runs without one lever at a time")
    parser.add_argument("--seeds", nargs="+", type=SEED, default=[0, 1, 2], metavar="N", help="default: 0 1 2")
    cut = parser.add_mutually_exclusive_group()
    each = "cut the texts into N parts, hold each out once, and score it; the first seed draws the parts"
    cut.add_argument("--folds", type=COUNT, metavar="N", help=each)
    curve = "a learning curve: train on N of the texts, each of these numbers or all, and score a part that is held out"
    cut.add_argument("--labels", nargs="+", type=labels, metavar="N", help=curve)
    members = "train N of each on its split, and add a row for their mean"
    parser.add_argument("--members", type=COUNT, default=1, metavar="N", help=members)
    some = "train so many at a time, each in a process with one core (default: as many as there are cores)"
    parser.add_argument("--jobs", type=COUNT, metavar="N", help=some)
    parser.add_argument("--out", type=Path, default="runs/accuracy", metavar="FOLDER", help="default: runs/accuracy")
    add_options(parser, (*SHARED, *OF_SOME))  # as for `sentifish train`
    return parser


def labels(text):
    """ "1000" -> 1000, "all" -> None."""
    return None if text == "all" else COUNT(text)


def run(options, command):
    """Train, score, report; -> exit code. DataError, CheckpointError."""
    told = {name: value for name, value in typed(options).items() if name in (*SHARED, *OF_SOME)}
    runs = runs_of(options)
    groups = {}  # heading: list of Training
    for heading, splits in splits_by_heading(options, told).items():
        out = options.out / heading.replace(" ", "-").replace(",", "")
        groups[heading] = plan(runs, splits, out, options.members), splits
    trainings = [training for planned, _ in groups.values() for training in planned]
    failed = train_all(trainings, options.jobs or most_processes(), tell)
    found = {}
    for heading, (planned, splits) in groups.items():
        members = {}
        for training in planned:
            if training.run not in failed and training.run in runs:
                tell(f"scoring {training}")
                members.setdefault((training.run, training.split.name), []).append(score(training))
        scored, rows_told = rows(members, runs)
        if scored:
            found[heading] = compare(scored, rows_told), splits
    if found:
        print(write_report(options.out, found, command, held_out=bool(options.folds or options.labels)))
    return 2 if failed else 0


def runs_of(options):
    """-> {name: arguments} of all runs that are asked for. DataError."""
    runs = {name: RUNS[name] for name in options.runs} | {name: f"--recipe {name}" for name in options.recipe}
    for own in options.run:
        name, equals, arguments = own.partition("=")
        if not equals or not re.fullmatch(r"\w[\w.-]*", name):
            raise DataError(f"--run: expected NAME=ARGUMENTS, a name of letters, digits, - and ., got {own!r}")
        runs[name] = arguments
    for name in options.ablate:
        arguments = runs.get(name, RUNS.get(name, f"--recipe {name}"))
        runs |= {name: arguments, **without_each(name, arguments)}
    return runs


def splits_by_heading(options, told):
    """-> {heading of a table: list of Split}; the heading is "" where there is but one table. DataError."""
    seeds = list(dict.fromkeys(options.seeds))
    [split] = splits_of(seeds[:1], told)
    if options.folds:
        return {"": folds(split.told, options.folds, split.seed, options.out)}
    if options.labels:
        return few_labels(split.told, list(dict.fromkeys(options.labels)), seeds, options.out)
    return {"": splits_of(seeds, told)}


def rows(members, runs):
    """{(run, split): list of Scored} -> {row of the table: list of Scored, by split}, {row: arguments}.

    A row for each run, of its first members; where there are more, another for their average.
    """
    scored, told = {}, dict(runs)
    for (run, _), found in members.items():
        scored.setdefault(run, []).append(found[0])
        if len(found) > 1:
            together = f"{run}, mean of {len(found)}"
            scored.setdefault(together, []).append(averaged(found))
            told[together] = runs[run]
    return scored, told


def tell(line):
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
