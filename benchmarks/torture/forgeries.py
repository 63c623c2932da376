"""Consistent forgeries: files of models and of trainings in which every size and checksum fits.

Each is refused, or is a valid model whose weights are the numbers of the file. Before that no more memory is taken than
two times the file's size.
"""

import copy
import io
import json
import tempfile
import time
import tracemalloc
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.torture.forge import TEXTS, WORDS
from benchmarks.torture.forged import FORGERIES, Parts, of_training
from benchmarks.torture.training import finish, start
from ch_sentiment.baselines.bag_of_words import BagOfWords
from ch_sentiment.baselines.nbsvm import NBSVM
from ch_sentiment.commands.train import corpus_of
from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.experiment.packing import unpack
from ch_sentiment.experiment.run import Experiment
from ch_sentiment.experiment.run_state import check_same, read_run_state, sealed
from ch_sentiment.export.compact import compact
from ch_sentiment.model import sentiment_net
from ch_sentiment.wide.wide_net import WideNet
from common.arrays.layer import grads_are_made
from common.files import meta_json
from common.files.checkpoint import CheckpointError, load_checkpoint, save_arrays
from common.files.resume import resume_training
from dataset.errors import DataError
from dataset.text import Vocab

COUNT = 500
# Bytes beside two times the file: what Python needs to refuse a file of a few bytes, and JSON as objects, which take so
# many times its letters at most; a layer without weights takes less than that of its arrays' entries.
SMALL, TIMES = 1 << 16, 2 * meta_json.TIMES


def run(minutes, say, count=COUNT, seed=0):
    """`count` forgeries of models, and as many of trainings, within `minutes`."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of random weights
        end = time.monotonic() + 60 * minutes
        return of_models(Path(folder), count, seed, end, say) | of_trainings(Path(folder), count, seed, end, say)


def of_models(folder, count, seed=0, end=float("inf"), say=lambda line: None):
    """-> figures. AssertionError for a forgery that is believed, or takes too much memory."""
    rng, path, figures, most = np.random.default_rng(seed), folder / "model.npz", Counter(), 0.0
    honest = [_saved(model, path) for model in models()]
    while figures["models"] < count and time.monotonic() < end:
        number = figures["models"]
        which, kind = number % len(honest), FORGERIES[number // len(honest) % len(FORGERIES)]
        parts = kind(rng, Parts(*copy.deepcopy(honest[which])))
        save_arrays(stream := io.BytesIO(), parts.arrays, parts.meta)
        path.write_bytes(stream.getvalue())  # without the fsync of a file that is to last
        label = f"model {number} ({kind.__name__} of model {which})"
        outcome, factor = watched(lambda: Classifier.load(path), path, label)
        if isinstance(outcome, Classifier):
            check_accepted(outcome, parts, label)
        most = max(most, factor)
        figures["models"] += 1
        figures["refused" if isinstance(outcome, str) else "a valid model"] += 1
        if number % 100 == 99:
            say(f"forgeries: {number + 1:,}")
    return {**figures, "memory / size of the file": round(most, 2)}


def of_trainings(folder, count, seed=0, end=float("inf"), say=lambda line: None):
    """The same of the last.npz of a training that has ended: what `train --resume` reads of it."""
    rng, figures, most = np.random.default_rng(seed), Counter(), 0.0
    paths = trainings(folder)
    honest, kinds = [load_checkpoint(path) for path in paths], (*FORGERIES, of_training)
    data = [corpus_of(read_run_state(path).config) for path in paths]
    for path, texts in zip(paths, data):
        resumed(path, texts)
    while figures["trainings"] < count and time.monotonic() < end:
        number = figures["trainings"]
        which, kind = number % len(honest), kinds[number // len(honest) % len(kinds)]
        parts, path = sealed_again(kind(rng, Parts(*copy.deepcopy(honest[which])))), paths[which]
        save_arrays(stream := io.BytesIO(), parts.arrays, parts.meta)
        path.write_bytes(stream.getvalue())
        label = f"training {number} ({kind.__name__} of training {which})"
        outcome, factor = watched(lambda path=path, texts=data[which]: resumed(path, texts), path, label)
        most = max(most, factor)
        figures["trainings"] += 1
        figures["refused trainings" if isinstance(outcome, str) else "valid trainings"] += 1
        if number % 100 == 99:
            say(f"forgeries: {number + 1:,} trainings")
    return {**figures, "memory / size of a training": round(most, 2)}


def sealed_again(parts):
    """With options that say what the net says, and a checksum of both."""
    config, options = parts.config(), parts.about["options"]
    options |= {"layers": config.get("num_layers", 1), "pairvec": config.get("pair_size", 0)}
    options |= {"hidden": config.get("hidden_size", options["hidden"]), "wordvec": config["wordvec_size"]}
    del parts.about["settings"]
    parts.meta["about"] = sealed(parts.about)
    return parts


def resumed(path, data):
    """What `train --resume` does before anything is written: -> its Classifier, with the weights of the training."""
    state = read_run_state(path)
    check_same(state, path.parent, data)
    experiment = Experiment(state.config, data, state.net)
    resume_training(path, experiment.trainer)
    return experiment.model


def trainings(folder):
    """-> paths of the last.npz of small trainings, each alone in a folder."""
    paths = []
    for name, how in {"lstm": ["--bidirectional"], "gru": ["--layers", "2"], "bow": ["--recipe", "bow"]}.items():
        sizes = ["--hidden", "4", "--wordvec", "4"]
        command = ["--data", "phrases-small", "--epochs", "1", "--keep-epoch", "last", "--out", name]
        finish(start(*command, *(sizes if name != "bow" else []), *how, cwd=folder), 0)
        paths.append(folder / f"of-{name}" / "last.npz")
        paths[-1].parent.mkdir()
        (folder / name / "last.npz").rename(paths[-1])
    return paths


def watched(load, path, label):
    """-> what `load` returns, or the message with which it refuses, and the peak of its memory, beyond that of JSON,
    divided by the file's size. AssertionError above 2, or where a file has changed.
    """
    content = path.read_bytes()
    tracemalloc.start()
    try:
        outcome = load()
    except (CheckpointError, DataError) as error:
        outcome = str(error)
        assert str(path.parent) in outcome and outcome.isprintable(), outcome
    finally:
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # A valid model may take 1.3 times its weights, too, which are larger than a file that packs them.
    weights = 0 if isinstance(outcome, str) else sum(w.nbytes for w in outcome.net.weights().values())
    json_bytes = int.from_bytes(content[18:22], "little")
    factor = (memory - SMALL - TIMES * json_bytes) / max(len(content), 1.3 / 2 * weights)
    assert factor <= 2, f"{label}: {memory:,} bytes of memory for a file of {len(content):,}: {outcome}"
    assert path.read_bytes() == content and len(list(path.parent.iterdir())) == 1, f"{label}: files changed"
    return outcome, factor


def check_accepted(model, parts, label):
    """The weights are the numbers of the file, and the model says nothing else than it."""
    weights = model.net.weights()
    expected = parts.arrays
    if model.packed is not None:
        expected = {name: np.zeros_like(w) for name, w in weights.items()}
        unpack(parts.arrays, expected, model.packed, len(model.vocab))
    assert list(weights) == list(expected), label
    for w, wanted in zip(weights.values(), expected.values()):
        assert np.array_equal(w, wanted) and w.dtype == wanted.dtype, label
    assert json.dumps(model.meta()) == json.dumps(parts.meta), label
    assert model.predict_proba(TEXTS).shape == (len(TEXTS), len(model.label_names)), label
    assert not grads_are_made(model.net), f"{label}: gradients"


def models():
    """An honest model of each kind."""
    V, both = len(WORDS) + 2, {"bidirectional": True, "pool": "attention"}
    nets = [
        sentiment_net(V, 8, 6, cell, rng=0, **how)
        for cell, how in (
            ("lstm", both),
            ("gru", {"num_layers": 3}),
            ("transformer", {"num_layers": 2, "num_classes": 3}),
            ("gru-reset-after", {**both, "num_layers": 2}),
            ("lstm", {"pair_size": 4, "num_pairs": 5}),
            ("rnn", {"freeze_embedding": True, "softmax": True}),
        )
    ]
    nets[4].words.pair_embed.pairs[...] = np.arange(2 * V, 2 * V + 5)
    linear = NBSVM(V, 7)
    linear.keys[...] = np.arange(3 * V, 3 * V + 7)
    nets += [BagOfWords(V, 8, rng=0), linear, WideNet(sentiment_net(V, 8, 6, rng=0), linear, 9)]
    labels = ["bad", "good", "odd"]
    plain = [Classifier(net, Vocab(WORDS), labels[: net.config["num_classes"]], 100) for net in nets]
    return [*plain, *(compact(plain[i], dtype, len(WORDS)) for i in (0, 4, 8) for dtype in ("int8", "float16"))]


def _saved(model, path):
    model.save(path)
    Classifier.load(path)  # what Python takes once, and keeps, belongs to no forgery
    return load_checkpoint(path)
