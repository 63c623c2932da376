"""`python -m benchmarks.speed`: measure ours, PyTorch and the book's way in turn, and write a page of the results.

python -m benchmarks.speed --quick                            a trial of the command, in seconds
python -m benchmarks.speed --data train.tsv --out measured    all of it: leave the machine alone meanwhile
"""

import argparse
import subprocess
import sys
import tempfile

from tqdm import tqdm

from benchmarks.speed.jobs import JobError, missing, run, run_in_turn
from benchmarks.speed.parts import FULL, PARTS, QUICK, preparations


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="FILE", help="labelled text of two classes (default: made-up reviews)")
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of every job (default: 5; with --quick, 1)")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="toy sizes, in seconds: the numbers mean nothing")
    parser.add_argument(
        "--out", metavar="FOLDER", help="for the page and its figures (default: runs/speed)", default="runs/speed"
    )
    options = parser.parse_args(argv)
    if options.rounds is None:
        options.rounds = 1 if options.quick else 5
    if options.rounds < 1:
        parser.error(f"--rounds: expected at least 1, got {options.rounds}")
    return options


def main(argv=None):
    """-> exit code: 0; 1 where a job failed or two sides do not do the same work; 2 for bad input."""
    options = parse(argv)
    sizes = QUICK if options.quick else FULL
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
    with tqdm(total=len(first) + rounds * sum(map(len, possible.values())), unit="job", file=sys.stderr) as bar:
        for job in first:
            run(job, folder)
            bar.update()
        for name, some in possible.items():
            bar.set_description(name)
            results[name] = run_in_turn(some, rounds, folder, bar.update)
    return results, skipped


if __name__ == "__main__":
    sys.exit(main())
