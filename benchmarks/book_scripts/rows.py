"""One row of each of the two tables: a script beside both pairs of packages; a time in pairs of processes."""

import statistics

from benchmarks.book_scripts.jobs import BOOK, OURS, SIDES, last_line
from benchmarks.book_scripts.report import compare
from benchmarks.book_scripts.scripts import FAIL_BY_THEMSELVES

KERNEL = "Sandybridge"  # of OpenBLAS; rounds differently than those of newer processors
_QUICK = {"updates": 3, "fits": 1, "questions": 3}
_QUICK_WORDS = 20_000  # enough for the windows of the language models, and for the words that scripts ask for


def script_row(bench, script, seed, options):
    """-> path, seed, the two exit codes, what was found. Where numbers differ, the book's own side is run again with
    another kernel of BLAS: what rounding alone does to its results.
    """
    limits = {"updates": script.updates, "fits": script.fits, "questions": script.questions}
    job = {"script": script.path, "seed": seed} | (_QUICK if options.quick else limits)
    words = min(script.words or _QUICK_WORDS, _QUICK_WORDS) if options.quick else script.words
    adam = str(bench.checkout / "common" / "optimizer.py") if options.book_adam else None
    book_code, book_out, book_err = bench.run(BOOK, job, words)
    our_code, our_out, our_err = bench.run(OURS, job | {"adam": adam}, words)
    if book_code and our_code:
        said = f"both: {last_line(our_err)}"
    elif book_code or our_code:
        said = f"{BOOK if book_code else OURS}: {last_line(book_err if book_code else our_err)}"
    else:
        said = compare(book_out, our_out)
        if not said.startswith("the same"):
            rounded = bench.run(BOOK, job, words, kernel=KERNEL)[1]
            said += f". The book's own code with BLAS kernel {KERNEL}: {compare(book_out, rounded)}"
    note = FAIL_BY_THEMSELVES.get(script.path)
    return [script.path, seed, book_code, our_code, said + (f" ({note})" if note else "")]


def timing_row(bench, timing, options):
    """-> name, kind, the two medians, their ratio, the one that was to be reached, the ratios of the pairs from to."""
    pairs = 1 if options.quick else min(options.pairs, timing.pairs)
    seconds = 0.05 if options.quick else options.seconds
    try:
        found = [[bench.seconds(side, timing, seconds) for side in SIDES] for _ in range(pairs)]
    except RuntimeError as error:
        return [timing.name, timing.kind, "", "", "", timing.needed, str(error)]
    book, ours = (statistics.median(times) for times in zip(*found, strict=True))
    ratios = [theirs / mine for theirs, mine in found]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return [
        timing.name,
        timing.kind,
        milliseconds(book),
        milliseconds(ours),
        f"{book / ours:.2f}",
        timing.needed,
        spread,
    ]


def milliseconds(seconds):
    return f"{1e3 * seconds:,.3g} ms"
