"""`python -m benchmarks.book_scripts CHECKOUT --text ptb.train.txt`: the scripts of the book's repository, unedited.

Each runs beside the book's own packages and beside ours, after the same seed of NumPy's global state; long trainings
are cut short in the same way. Then times of the two in turn, in separate processes. CHECKOUT: a clone of
oreilly-japan/deep-learning-from-scratch-2; it is read only.

python -m benchmarks.book_scripts CHECKOUT --text ptb.valid.txt --only ch03 ch07      some of them
python -m benchmarks.book_scripts CHECKOUT --text ptb.valid.txt --part times          only the times
"""

import argparse
import sys
from pathlib import Path

from benchmarks.book_scripts.jobs import Bench, read_texts
from benchmarks.book_scripts.report import table
from benchmarks.book_scripts.rows import script_row, timing_row
from benchmarks.book_scripts.scripts import SCRIPTS, TIMINGS


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.book_scripts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkout", type=Path, metavar="CHECKOUT", help="folder of the book's repository")
    parser.add_argument("--text", nargs="+", required=True, metavar="FILE", help="training, validation and test text")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="scripts and times whose name has one of these")
    parser.add_argument("--part", choices=["scripts", "times"], help="one of the two tables (default: both)")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="of NumPy's global state")
    parser.add_argument("--book-adam", action="store_true", help="ours with the Adam of the checkout")
    parser.add_argument("--pairs", type=int, default=10, help="of processes for each time (default: 10)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of updates in a process (default: 1.5)")
    parser.add_argument("--threads", type=int, default=1, help="of BLAS (default: 1)")
    parser.add_argument("--quick", action="store_true", help="less of everything: one pair, short trainings")
    options = parser.parse_args(argv)
    if not all((options.checkout / name).is_dir() for name in ("ch01", "common", "dataset")):
        parser.error(f"{options.checkout}: expected a checkout of the book's repository with ch01, common and dataset")
    if options.pairs < 1:
        parser.error(f"--pairs: expected at least 1, got {options.pairs}")
    return options


def main(argv=None):
    """-> exit code: 0; 1 where a script fails with ours that runs with the book's; 2 for bad input."""
    options = parse(argv)
    try:
        texts = read_texts(options.text)
    except (OSError, ValueError) as error:
        print(f"benchmarks.book_scripts: --text: {error}", file=sys.stderr)
        return 2
    bench = Bench(options.checkout.resolve(), texts, options.threads)
    failed = False
    if options.part != "times":
        failed = run_scripts(bench, options)
    if options.part != "scripts":
        run_timings(bench, options)
    return int(failed)


def run_scripts(bench, options):
    """Print the table of the scripts -> whether one of them fails with ours alone."""
    scripts = [script for script in SCRIPTS if wanted(bench, options, script.path)]
    rows = [progress(script_row(bench, script, seed, options)) for script in scripts for seed in options.seed]
    print(table(["script", "seed", "book's exit", "our exit", "what they print"], rows))
    book, ours = (sum(row[column] == 0 for row in rows) for column in (2, 3))
    print(f"\nexit 0: {book} with the book's packages, {ours} with ours, of {len(rows)}\n")
    return any(row[2] == 0 != row[3] for row in rows)


def run_timings(bench, options):
    """Print the table of times."""
    timings = [timing for timing in TIMINGS if wanted(bench, options, timing.path, timing.name)]
    rows = [progress(timing_row(bench, timing, options)) for timing in timings]
    print(table(["what", "time of", "the book's", "ours", "book's / ours", "needed", "pairs from to"], rows))


def wanted(bench, options, path, name=""):
    """Whether the checkout has a script, and --only a word of its path or of its other name."""
    asked = options.only is None or any(word in path or word in name for word in options.only)
    return asked and (bench.checkout / path).is_file()


def progress(row):
    """The row, which is also said on standard error: the whole takes long."""
    print(*row, sep="\t", file=sys.stderr)
    return row


if __name__ == "__main__":
    sys.exit(main())
