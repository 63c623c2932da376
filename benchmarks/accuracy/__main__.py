"""`python -m benchmarks.accuracy --data train.tsv --group-file train.movies.txt` trains every run once for each seed,
and writes what they reach: accuracy.md, accuracy.json, accuracy.png.

A seed draws the split and the weights. The trainings stay in the folder: the same command goes on where it was broken
off. Exit codes: 0 done, 2 bad input or a training that failed, 130 Ctrl-C, 143 SIGTERM.
"""

import shlex
import sys
from pathlib import Path

from benchmarks.accuracy.processes import train_all
from benchmarks.accuracy.report import write_report
from benchmarks.accuracy.scores import averaged, compare, score
from benchmarks.accuracy.trainings import RUNS, SHARED, plan
from ch_sentiment.commands.arguments import add_options, typed
from ch_sentiment.console import OneLineParser, Terminated, printable, terminable
from ch_sentiment.experiment.option import COUNT, SEED
from common.files.checkpoint import CheckpointError

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
    parser = OneLineParser(prog=PROG, description="Train runs x seeds, and tell how accurate each run is.")
    names, known = {"nargs": "*", "metavar": "NAME"}, ", ".join(RUNS)
    parser.add_argument("--runs", **names, choices=RUNS, default=list(RUNS), help=f"of {known} (default: all)")
    parser.add_argument("--recipe", **names, default=[], help="further recipes to train")
    parser.add_argument("--seeds", nargs="+", type=SEED, default=[0, 1, 2], metavar="N", help="default: 0 1 2")
    parser.add_argument(
        "--average",
        type=COUNT,
        default=1,
        metavar="N",
        help="train N of each on its split, and add a row for their mean",
    )
    parser.add_argument("--jobs", type=COUNT, default=1, metavar="N", help="train so many at a time (default: 1)")
    parser.add_argument("--out", type=Path, default="runs/accuracy", metavar="FOLDER", help="default: runs/accuracy")
    add_options(parser, SHARED)  # as for `sentifish train`, given to every run
    return parser


def run(options, command):
    """Train, score, report; -> exit code. DataError, CheckpointError."""
    told = {name: value for name, value in typed(options).items() if name in SHARED}
    runs = {name: RUNS[name] for name in options.runs} | {name: f"--recipe {name}" for name in options.recipe}
    seeds = list(dict.fromkeys(options.seeds))
    trainings = plan(told, runs, seeds, options.out, options.average)
    failed = train_all(trainings, options.jobs, tell)
    members = {}
    for training in trainings:
        if training.run not in failed:
            tell(f"scoring {training}")
            members.setdefault((training.run, training.seed), []).append(score(training))
    scored, runs = rows(members, runs)
    if scored:
        print(write_report(options.out, compare(scored, runs), seeds, command))
    return 2 if failed else 0


def rows(members, runs):
    """{(run, seed): list of Scored} -> {row of the table: list of Scored, by seed}, {row: arguments}.

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
