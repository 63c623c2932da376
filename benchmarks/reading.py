"""`python -m benchmarks.reading`: time and memory of reading a million labelled texts from each form of file.

Every reading is a process of its own, the forms in turn. Memory beyond the texts is what tracemalloc saw at most, less
what it saw in the end, when only the texts, their classes and their line numbers are left; it is taken in processes
that are not timed, at a tenth of the rows, too, because it should not grow.
"""

import argparse
import csv
import gzip
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from dataset.labelled_text import read_labelled

ROWS, ROUNDS = 1_000_000, 5
FORMS = ["tsv", "csv", "jsonl", "csv.gz"]
CHUNK = 10_000  # rows that are written at once
WORDS = 20_000


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS, metavar="N", help=f"default: {ROWS}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument("--measure", nargs=2, metavar=("TASK", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.measure:
        task, path = options.measure
        print(json.dumps({"seconds": seconds, "memory": memory}[task](path)))
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = {form: write(Path(folder, f"reviews.{form}"), options.rows) for form in FORMS}
        small = {form: write(Path(folder, f"tenth.{form}"), options.rows // 10) for form in FORMS}
        times = {form: [] for form in FORMS}
        for _ in range(options.rounds):
            for form in FORMS:
                times[form].append(measured("seconds", paths[form]))
        beyond = {form: [measured("memory", path) for path in (small[form], paths[form])] for form in FORMS}
        print(table(times, beyond, {form: path.stat().st_size for form, path in paths.items()}))


def write(path, rows):
    """A file of made-up reviews of about 30 words, the same for every form; -> path."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}," if i % 40 == 7 else f"word{i}" for i in range(WORDS)])
    opened = gzip.open(path, "wb", 6) if path.suffix == ".gz" else open(path, "wb")  # noqa: SIM115
    with opened as file:
        if ".csv" in path.name:
            file.write(b"label,text\n")
        for start in range(0, rows, CHUNK):
            lengths = rng.integers(10, 50, min(CHUNK, rows - start))
            ids = rng.zipf(1.3, lengths.sum()) % WORDS
            texts = [" ".join(part) for part in np.split(words[ids], lengths.cumsum()[:-1])]
            pairs = [(("negative", "positive")[int(i) % 2], text) for i, text in enumerate(texts)]
            file.write(in_form(path.name, pairs).encode())
    return path


def in_form(name, pairs):
    if name.endswith("tsv"):
        return "".join(f"{label}\t{text}\n" for label, text in pairs)
    if name.endswith("jsonl"):
        return "".join(json.dumps({"label": label, "text": text}) + "\n" for label, text in pairs)
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(pairs)
    return stream.getvalue()


def measured(task, path):
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reading", "--measure", task, str(path)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603


def seconds(path):
    """Of the processor: reading has one thread, and other programs may be busy meanwhile."""
    start = time.process_time()
    read_labelled(path)
    return time.process_time() - start


def memory(path):
    """-> bytes beyond what is returned, bytes of that."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    found = read_labelled(path)
    after, peak = tracemalloc.get_traced_memory()
    assert len(found.texts) > 0
    return peak - after, after - before


def table(times, beyond, sizes):
    """A page's table: -> str."""
    base = statistics.median(times["tsv"])
    lines = ["| form | MB | seconds | / .tsv | MB beyond the texts | of a tenth of the rows | MB of the texts |"]
    lines.append("| --- " * 7 + "|")
    for form, values in times.items():
        median = statistics.median(values)
        (tenth, _), (whole, texts) = beyond[form]
        figures = [f"{sizes[form] / 1e6:,.0f}", f"{median:.2f}", f"{median / base:.2f}"]
        figures += [f"{n / 1e6:.1f}" for n in (whole, tenth)] + [f"{texts / 1e6:,.0f}"]
        lines.append(f"| .{form} | {' | '.join(figures)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
