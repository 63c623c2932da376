"""How long a training takes through the estimator, and by the command: each as a process, reading the file and all.

    python -m benchmarks.estimator_time train.tsv --runs 3
    python -m benchmarks.estimator_time train.tsv --sides estimator

An epoch of the default net, without the cache of tokens; they run in turn, and the medians are compared. The command
also scores its validation part, draws the figures and writes a folder.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDES = ("command", "estimator")
FIT = """
import sys
from ch_sentiment.estimator import SentimentClassifier
from dataset.labelled_text import read_labelled
read = read_labelled(sys.argv[1])
labels = [read.label_names[i] for i in read.t]
SentimentClassifier(epochs=int(sys.argv[2]), keep_epoch="best").fit(read.texts, labels).save(sys.argv[3])
"""


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimator_time", description=__doc__.splitlines()[0])
    parser.add_argument("data", help="labelled texts, a file")
    parser.add_argument("--epochs", type=int, default=1, help="of each training (default: %(default)s)", metavar="N")
    parser.add_argument("--runs", type=int, default=1, help="of each side (default: %(default)s)", metavar="N")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES, help="which (default: both)")
    options = parser.parse_args(argv)
    found = {side: [] for side in options.sides}
    for _ in range(options.runs):
        for side in options.sides:
            found[side].append(seconds(side, os.path.abspath(options.data), options.epochs))
            print(f"{side}: {found[side][-1]:.1f} s", flush=True)
    medians = [statistics.median(times) for times in found.values()]
    if len(medians) == 2:
        print(f"{' / '.join(reversed(found))}: {medians[1] / medians[0]:.3f}")


def seconds(side, data, epochs):
    """How long a process of this side takes."""
    options = ["--recipe", "default", "--epochs", str(epochs), "--keep-epoch", "best", "--no-cache", "--quiet"]
    root = str(Path(__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ch_sentiment", "train", data, *options, "--out", "run"]
        if side == "estimator":
            command = [sys.executable, "-c", FIT, data, str(epochs), "model.npz"]
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
