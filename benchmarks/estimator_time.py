"""How long a training takes through the estimator, and by the command.

    python -m benchmarks.estimator_time train.tsv --runs 3
    python -m benchmarks.estimator_time train.tsv --sides estimator

An epoch of the default net, without the cache of tokens; they run in turn, each in a process, and the medians are
compared: of `fit` alone, from lists in memory, and of the whole process, which imports scikit-learn, reads the file and
writes the model; the command writes a folder with figures, too.
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
import sys, time
from ch_sentiment.estimator import SentimentClassifier
from dataset.labelled_text import read_labelled
read = read_labelled(sys.argv[1])
labels = [read.label_names[i] for i in read.t]
start = time.perf_counter()
model = SentimentClassifier(epochs=int(sys.argv[2]), keep_epoch="best").fit(read.texts, labels)
print(time.perf_counter() - start)
model.save(sys.argv[3])
"""


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimator_time", description=__doc__.splitlines()[0])
    parser.add_argument("data", help="labelled texts, a file")
    parser.add_argument("--epochs", type=int, default=1, help="of each training (default: %(default)s)", metavar="N")
    parser.add_argument("--runs", type=int, default=1, help="of each side (default: %(default)s)", metavar="N")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES, help="which (default: both)")
    options = parser.parse_args(argv)
    found = {"command": [], "estimator": [], "fit alone": []}
    for _ in range(options.runs):
        for side in options.sides:
            whole, printed = seconds(side, os.path.abspath(options.data), options.epochs)
            found[side].append(whole)
            if side == "estimator":
                found["fit alone"].append(float(printed))
            print(
                f"{side}: {whole:.1f} s" + (f", fit alone {float(printed):.1f} s" if side == "estimator" else ""),
                flush=True,
            )
    if len(options.sides) == 2:
        command, *others = (statistics.median(times) for times in found.values())
        print(f"estimator / command: {others[0] / command:.3f}, fit alone / command: {others[1] / command:.3f}")


def seconds(side, data, epochs):
    """-> how long a process of this side takes, and what it prints."""
    options = ["--recipe", "default", "--epochs", str(epochs), "--keep-epoch", "best", "--no-cache", "--quiet"]
    root = str(Path(__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ch_sentiment", "train", data, *options, "--out", "run"]
        if side == "estimator":
            command = [sys.executable, "-c", FIT, data, str(epochs), "model.npz"]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        return time.perf_counter() - start, done.stdout


if __name__ == "__main__":
    main()
