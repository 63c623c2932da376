"""A training of the same reviews on the CPU and on the GPU, from the same initial weights and with the same dropout."""

import time

import numpy as np

from ch_sentiment.experiment.corpus import LabelledTexts
from ch_sentiment.experiment.load import load
from ch_sentiment.experiment.options import Config
from ch_sentiment.experiment.run import run_experiment

EPOCHS = 3


def compare(show, data, count):
    """Train on `count` reviews of a file, or made up ones; -> how far apart the losses of the first epoch are."""
    config = Config.of(limit=count, epochs=EPOCHS, keep_epoch="last", hidden=64 if count > 100 else 8)
    if data is None:
        texts = LabelledTexts.of(*made_up(count))
    else:
        config = config.with_(data=data)
        texts = load(config.data, config.unlabelled)
    losses = {}
    for device in ("cpu", "gpu"):
        start = time.perf_counter()
        result = run_experiment(config.with_(device=device), texts)
        losses[device] = [row["loss"] for row in result.history]
        accuracy = result.history[-1]["val_accuracy"]
        found = ", ".join(f"{loss:.4f}" for loss in losses[device])
        show(f"{device}: losses {found}, validation accuracy {accuracy:.4f}, {time.perf_counter() - start:.1f} s")
    return abs(losses["gpu"][0] - losses["cpu"][0]) / losses["cpu"][0]


def made_up(count, seed=0):
    """-> texts of 20 to 300 made-up words, where a few tell the class, and their labels; of few texts, short ones."""
    rng = np.random.default_rng(seed)
    longest = 300 if count > 100 else 20
    texts, labels = [], []
    for i in range(count):
        words = [f"word{k}" for k in (rng.pareto(1.0, rng.integers(10, longest)) * 20).astype(int) % 20_000]
        for place in rng.integers(0, len(words), 1 + len(words) // 20):
            words[place] = ("good", "fine")[place % 2] if i % 2 else ("bad", "poor")[place % 2]
        texts.append(" ".join(words))
        labels.append("pos" if i % 2 else "neg")
    return texts, labels
