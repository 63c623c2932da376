"""`python -m benchmarks.book_scripts CHECKOUT --text ptb.train.txt`: the scripts of the book's repository, unedited.

Each runs beside the book's own packages and beside ours, after the same seed of NumPy's global state; long trainings
are cut short in the same way. Then times of the two in turn, in separate processes. CHECKOUT: a clone of
oreilly-japan/deep-learning-from-scratch-2; it is read only.

python -m benchmarks.book_scripts CHECKOUT --text ptb.valid.txt --only ch03 ch07      some of them
python -m benchmarks.book_scripts CHECKOUT --text ptb.valid.txt --part times          only the times
"""

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks.book_scripts.jobs import BOOK, OURS, SIDES, Bench, last_line, read_texts
from benchmarks.book_scripts.report import compare, table
from benchmarks.book_scripts.scripts import FAIL_BY_THEMSELVES, SCRIPTS, TIMINGS

KERNEL = "Sandybridge"  # rounds differently than those of newer processors: what a difference of rounding can become


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


def wanted(name, options):
    return options.only is None or any(word in name for word in options.only)


def run_scripts(bench, options):
    """Print the table of the scripts -> whether one of them fails with ours alone."""
    rows, ended, failed = [], dict.fromkeys(SIDES, 0), False
    scripts = [
        script for script in SCRIPTS if (bench.checkout / script.path).is_file() and wanted(script.path, options)
    ]
    for script in scripts:
        for seed in options.seed:
            results = {
                side: bench.run(side, job(script, seed, side, bench, options), words(script, options)) for side in SIDES
            }
            codes = {side: result[0] for side, result in results.items()}
            if all(codes.values()):
                said = f"both: {last_line(results[OURS][2])}"
            elif any(codes.values()):
                side = next(side for side in SIDES if codes[side])
                said = f"{side}: {last_line(results[side][2])}"
            else:
                said = compare(results[BOOK][1], results[OURS][1])
                if not said.startswith("the same"):
                    limits = job(script, seed, BOOK, bench, options)
                    rounded = bench.run(BOOK, limits, words(script, options), kernel=KERNEL)[1]
                    said += f". The book's own code with BLAS kernel {KERNEL}: {compare(results[BOOK][1], rounded)}"
            note = FAIL_BY_THEMSELVES.get(script.path, "")
            rows.append([script.path, seed, *codes.values(), said + (f" ({note})" if note else "")])
            print(*rows[-1], sep="\t", file=sys.stderr)
            failed |= codes[BOOK] == 0 != codes[OURS]
            for side in SIDES:
                ended[side] += codes[side] == 0
    print(table(["script", "seed", "book's exit", "our exit", "what they print"], rows))
    print(f"\nexit 0: {ended[BOOK]} with the book's packages, {ended[OURS]} with ours, of {len(rows)}\n")
    return failed


def job(script, seed, side, bench, options):
    """What `runner.main` gets."""
    limits = {"updates": script.updates, "fits": script.fits, "questions": script.questions}
    if options.quick:
        limits = {"updates": 3, "fits": 1, "questions": 3}
    adam = str(bench.checkout / "common" / "optimizer.py") if options.book_adam and side == OURS else None
    return {"script": script.path, "seed": seed, "adam": adam, **limits}


def words(script, options):
    return min(script.words or 2_000, 2_000) if options.quick else script.words


def run_timings(bench, options):
    """Print the table of times."""
    rows = []
    for timing in TIMINGS:
        if (
            not (wanted(timing.name, options) or wanted(timing.path, options))
            or not (bench.checkout / timing.path).is_file()
        ):
            continue
        pairs = 1 if options.quick else min(options.pairs, timing.pairs)
        seconds = 0.05 if options.quick else options.seconds
        try:
            found = [[bench.seconds(side, timing, seconds) for side in SIDES] for _ in range(pairs)]
        except RuntimeError as error:
            rows.append([timing.name, timing.kind, "", "", "", timing.needed, str(error)])
        else:
            book, ours = (statistics.median(times) for times in zip(*found, strict=True))
            spread = sorted(theirs / mine for theirs, mine in found)
            times = [f"{1e3 * side:,.3g} ms" for side in (book, ours)]
            rows.append(
                [
                    timing.name,
                    timing.kind,
                    *times,
                    f"{book / ours:.2f}",
                    timing.needed,
                    f"{spread[0]:.2f} to {spread[-1]:.2f}",
                ]
            )
        print(*rows[-1], sep="\t", file=sys.stderr)
    print(table(["what", "time of", "the book's", "ours", "book's / ours", "needed", "pairs from to"], rows))


if __name__ == "__main__":
    sys.exit(main())
