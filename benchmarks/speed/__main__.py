"""`python -m benchmarks.speed`: measure ours, PyTorch and the book's way in turn, and write a page of the results.

python -m benchmarks.speed --quick                            a trial of the command, in seconds
python -m benchmarks.speed --data train.tsv --group-file train.movies.txt --before OLDER_CHECKOUT --out measured
                                                              all of it: leave the machine alone meanwhile
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from benchmarks.speed.jobs import JobError, missing, run, run_in_turn
from benchmarks.speed.parts import FULL, ONCE, PARTS, QUICK, preparations


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="FILE", help="labelled text of two classes (default: made-up reviews)")
    of_film = "the group of each text, a line for each: none is in both parts of `time_to_accuracy`"
    parser.add_argument("--group-file", metavar="FILE", default="", help=of_film)
    parser.add_argument("--target", type=float, metavar="X", help="accuracy to be reached there (default: 0.87)")
    older = "an older checkout of this project, whose `sentifish` is measured, too"
    parser.add_argument("--before", metavar="FOLDER", default="", help=older)
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of every job (default: 3; with --quick, 1)")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="toy sizes, in seconds: the numbers mean nothing")
    parser.add_argument(
        "--out", metavar="FOLDER", help="for the page and its figures (default: runs/speed)", default="runs/speed"
    )
    options = parser.parse_args(argv)
    if options.rounds is None:
        options.rounds = 1 if options.quick else 3
    if options.rounds < 1:
        parser.error(f"--rounds: expected at least 1, got {options.rounds}")
    if options.before and not Path(options.before, "ch_sentiment", "__main__.py").is_file():
        parser.error(f"--before: expected the folder of a checkout, got {options.before}")
    if options.group_file and not (options.data and Path(options.group_file).is_file()):
        parser.error(f"--group-file: expected a file, and --data beside it, got {options.group_file}")
    return options


def sizes_of(options):
    """The Sizes, with files and folders as absolute paths: jobs run in another folder."""
    files = {name: getattr(options, name) for name in ("before", "data", "group_file")}
    files = {name: str(Path(path).resolve()) for name, path in files.items() if path}
    target = {} if options.target is None else {"target": options.target}
    return replace(QUICK if options.quick else FULL, **files, **target)


def main(argv=None):
    """-> exit code: 0; 1 where a job failed or two sides do not do the same work; 2 for bad input."""
    options = parse(argv)
    sizes = sizes_of(options)
    parts = {name: PARTS[name](sizes) for name in PARTS if options.only is None or name in options.only}
    with tempfile.TemporaryDirectory() as folder:
        count = max(sizes.epoch_texts, sizes.answers)
        command = [sys.executable, "-m", "benchmarks.speed.texts", folder, str(count), str(sizes.step.V)]
        made = subprocess.run(command + ([options.data] if options.data else []), stdout=subprocess.PIPE, text=True)  # noqa: S603
        if made.returncode != 0:
            return 2
        try:
            results, skipped = measure(parts, preparations(parts, sizes), options.rounds, folder)
        except JobError as error:
            print(f"benchmarks.speed: {error}", file=sys.stderr)
            return 1
    from benchmarks.speed import report  # imports NumPy: after the measurements, see `jobs`

    corpus = f"{options.data or 'made-up reviews'}, {made.stdout.strip()}"
    print(report.write(options.out, parts, results, skipped, options.rounds, corpus, options.quick))
    return 0


def measure(parts, first, rounds, folder):
    """Each part's jobs in turn, after those of `first`; -> {part: {job: [dict per round]}}, {job: why skipped}."""
    jobs = {name: list(dict.fromkeys(job for c in part for job in c.jobs())) for name, part in parts.items()}
    skipped = {job: why for some in (first, *jobs.values()) for job in some if (why := missing(job))}
    possible = {name: [job for job in some if job not in skipped] for name, some in jobs.items()}
    first = [job for job in first if job not in skipped]
    results = {}
    rounds_of = {name: 1 if name in ONCE else rounds for name in parts}
    total = len(first) + sum(rounds_of[name] * len(some) for name, some in possible.items())
    with tqdm(total=total, unit="job", file=sys.stderr) as bar:
        for job in first:
            run(job, folder)
            bar.update()
        for name, some in possible.items():
            bar.set_description(name)
            results[name] = run_in_turn(some, rounds_of[name], folder, bar.update)
    return results, skipped


if __name__ == "__main__":
    sys.exit(main())
