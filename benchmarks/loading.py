"""`python -m benchmarks.loading`: the memory that loading a model takes, times that of what prediction needs.

Needed are the weights as they stand in the net (of a compact model two or four times those of its file) and the words.
By tracemalloc: the peak of what Python and NumPy allocate. Resident: by how much the process grows, as the system sees
it, beyond what it held when a tiny model had been loaded. Each model in a process of its own.
"""

import os
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np

from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.export.compact import compact
from ch_sentiment.model import sentiment_net
from dataset.text import Vocab

SMALL = {"vocab_size": 30, "wordvec_size": 8, "hidden_size": 8}
ROOT = Path(__file__).parents[1]


def nbsvm(V, P):
    net = NBSVM(V, P)
    net.keys[...] = np.arange(2 * V, 2 * V + P)
    return net


def both_ways(V, D, H, **more):
    return sentiment_net(V, D, H, bidirectional=True, pool="attention", rng=0, **more)


MODELS = {
    "20,000 words, D = 100, LSTM both ways, H = 128": lambda: both_ways(20_000, 100, 128),
    "2,000 words, D = 300, LSTM both ways, H = 1,024": lambda: both_ways(2000, 300, 1024),
    "100 words, D = H = 1,500, LSTM": lambda: sentiment_net(100, 1500, 1500, rng=0),
    "100 words, D = H = 300, LSTM both ways, 8 layers": lambda: both_ways(100, 300, 300, num_layers=8),
    "2,000 words, D = H = 1,024, Transformer, 2 layers": lambda: sentiment_net(
        2000, 1024, 1024, "transformer", num_layers=2, rng=0
    ),
    "200,000 words, D = 100, bag of words": lambda: BagOfWords(200_000, 100, rng=0),
    "20,000 words, 1,000,000 pairs, NB-SVM": lambda: nbsvm(20_000, 1_000_000),
    "100,000 words, D = 4, bag of words": lambda: BagOfWords(100_000, 4, rng=0),
}
PACKED = {"int8": 0, "float16": 6}  # of which of these a compact copy is loaded, too


def main():
    print("| model | file, MB | needed, MB | tracemalloc | resident |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        tiny = f"{folder}/tiny.npz"
        _classifier(sentiment_net(**SMALL, rng=0)).save(tiny)
        for i, (name, made) in enumerate(MODELS.items()):
            model = _classifier(made())
            _row(name, model, folder, tiny)
            for dtype, which in PACKED.items():
                if which == i:
                    _row(f"{name}, in {dtype}", compact(model, dtype, len(model.vocab) - 2), folder, tiny)


def _classifier(net):
    return Classifier(net, Vocab([f"w{i:07}" for i in range(net.config["vocab_size"] - 2)]), ["neg", "pos"], 400)


def _row(name, model, folder, tiny):
    path, weights = f"{folder}/m.npz", sum(w.nbytes for w in model.net.weights().values())
    model.save(path)
    found = [_loaded(how, tiny, path) for how in ("traced", "resident")]
    needed = weights + _words(model.vocab)
    print(f"| {name} | {os.path.getsize(path) / 1e6:,.1f} | {needed / 1e6:,.1f} |", end="")
    print("".join(f" {peak / needed:.2f} |" for peak in found), flush=True)


def _words(vocab):
    """Bytes of a Vocab in memory: its words, the lists and the dict."""
    tracemalloc.start()
    Vocab([str(word.encode(), "utf-8") for word in vocab.words])
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def _loaded(how, tiny, path):
    """The peak of a load in a new process, in bytes."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks.loading", how, tiny, path]
    return int(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def measure(how, tiny, path):
    """Load both; -> by how many bytes the second one raises the peak."""
    Classifier.load(tiny)
    if how == "traced":
        tracemalloc.start()
        Classifier.load(path)
        return tracemalloc.get_traced_memory()[1]
    before = _resident("VmRSS")
    Classifier.load(path)
    return _resident("VmHWM") - before


def _resident(which):
    """Bytes of this process in memory, now (VmRSS) or at most since it began (VmHWM), as Linux tells them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(which))


if __name__ == "__main__":
    if sys.argv[1:]:
        print(measure(*sys.argv[1:]))
    else:
        main()
