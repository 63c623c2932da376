"""`sentifish explain` on long texts: seconds, points of the path, and how far its attributions are from finer ones.

    python -m benchmarks.long_texts runs/bilstm --data train.tsv

Takes texts of 350 to 400 words at random, each in a process of its own. "gap" and "doubt" are those of `explain`;
"off" is what "doubt" estimates: the distance to the attributions of a path ten times as accurate, or of 4,096 points,
relative to their sizes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.explain.attribution import margin_weight
from common.checking.integrated_gradients import TOLERANCE
from common.files.checkpoint import CheckpointError
from dataset.errors import DataError
from dataset.labelled_text import load_data
from dataset.text import tokenize

SHORTEST, LONGEST = 350, 400


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_texts", description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    parser.add_argument("--data", required=True, help="labelled texts, as of sentifish train")
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    try:
        model = Classifier.load(options.model)
        texts = long_texts(load_data(options.data)[0], options.texts, np.random.default_rng(options.seed))
    except (CheckpointError, DataError, OSError) as error:
        parser.error(str(error))
    if not hasattr(model.net, "score_backward"):
        parser.error(f"{options.model}: expected a model with word vectors, got a {type(model.net).__name__}")
    if not texts:
        parser.error(f"{options.data}: expected texts of {SHORTEST} to {LONGEST} words, got none")
    print("| words | seconds | points | gap | doubt | off |\n| --- | --- | --- | --- | --- | --- |")
    seconds, complete = [], 0
    for text in texts:
        start = time.perf_counter()
        found = explained(options.model, text)
        seconds.append(time.perf_counter() - start)
        gap = abs(found["gap"] / (found["margin"] - found["baseline"]))
        complete += max(gap, found["doubt"]) <= TOLERANCE
        shares = " | ".join(f"{share:.2%}" for share in (gap, found["doubt"], off(model, found)))
        print(f"| {found['words_read']} | {seconds[-1]:.2f} | {found['steps']} | {shares} |", flush=True)
    typical, slowest = statistics.median(seconds), max(seconds)
    print(f"\n{complete} of {len(texts)} complete; median {typical:.2f} s, slowest {slowest:.2f} s")


def long_texts(texts, count, rng):
    """At most `count` texts of SHORTEST to LONGEST words."""
    shuffled = (texts[i] for i in rng.permutation(len(texts)))
    fitting = (text for text in shuffled if SHORTEST <= len(tokenize(text)) <= LONGEST)
    return [text for _, text in zip(range(count), fitting)]


def explained(model, text):
    """The JSON of `sentifish explain MODEL < text`."""
    command = [sys.executable, "-m", "ch_sentiment", "explain", model, "--json"]
    return json.loads(subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout)  # noqa: S603


def off(model, found):
    """How far the attributions of an explanation are from finer ones."""
    words = [word["word"] for word in found["words"]]
    weight = margin_weight(model.label_names.index(found["label"]), len(model.label_names))
    finer = model.word_path(words, weight, tolerance=TOLERANCE / 10, most=4096).attributions
    return np.abs(finer - [word["gradients"] for word in found["words"]]).sum() / np.abs(finer).sum()


if __name__ == "__main__":
    main()
