"""Damaged and forged checkpoints: each is refused, or loads as exactly what was saved.

Damage leaves the checksums as they are; then only the same arrays and meta, or a CheckpointError, are allowed. A forger
corrects every checksum; that is another content, but again only a CheckpointError or a valid model are allowed.
"""

import json
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np

from benchmarks.torture.forge import TEXTS, Parts, small_model
from benchmarks.torture.mutations import FORGERIES, KINDS
from ch_sentiment.experiment.classifier import Classifier
from common.files.checkpoint import CheckpointError, load_checkpoint

MUTANTS = 100_000
SMALL = 1 << 16  # bytes that Python needs to refuse a file of a few bytes


def run(minutes, say, mutants=MUTANTS, seed=0):
    """Up to `mutants` of them within `minutes`, every kind in turn."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, of names that come twice; NumPy's, of random weights
        path = Path(folder) / "model.npz"
        good = small_model(path)
        parts, wanted = Parts.of(good), load_checkpoint(path)
        figures = {"mutants": 0, "refused": 0, "the same content": 0, "forged, and a valid model": 0}
        largest, end = 0, time.monotonic() + 60 * minutes
        tracemalloc.start()
        with open(path, "r+b", buffering=0) as file:  # one file, rewritten: creating one takes longer than reading it
            while figures["mutants"] < mutants and time.monotonic() < end:
                number = figures["mutants"]
                kind = KINDS[number % len(KINDS)]
                damaged = kind(rng, good, parts)
                file.seek(0)
                file.truncate(file.write(damaged))
                outcome, memory = judge(path, wanted, kind in FORGERIES, f"mutant {number} ({kind.__name__})")
                assert memory <= 2 * len(damaged) or memory < SMALL, (
                    f"mutant {number}: {memory} of {len(damaged)} bytes"
                )
                largest = max(largest, memory / len(good))
                figures["mutants"] += 1
                figures[outcome] += 1
                if figures["mutants"] % 10_000 == 0:
                    say(f"mutants: {figures['mutants']:,}")
        tracemalloc.stop()
    return {
        **figures,
        "silent differences": 0,
        "other exceptions": 0,
        "memory / size of the whole file": round(largest, 2),
    }


def judge(path, wanted, forged, which):
    """-> the outcome, and the memory in bytes. AssertionError for an outcome that is not allowed."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    try:
        arrays, meta = load_checkpoint(path)
    except CheckpointError as error:
        assert str(error).startswith(f"{path}: ") and str(error).isprintable(), which
        return "refused", tracemalloc.get_traced_memory()[1] - before
    except BaseException as error:
        raise AssertionError(f"{which}: {type(error).__name__}: {error}") from error
    memory = tracemalloc.get_traced_memory()[1] - before
    if same(arrays, meta, wanted):
        return "the same content", memory
    assert forged, f"{which}: a silent difference"
    try:
        model = Classifier.load(path)
    except CheckpointError:
        return "refused", memory
    except BaseException as error:
        raise AssertionError(f"{which}: {type(error).__name__}: {error}") from error
    try:
        assert model.predict_proba(TEXTS).shape == (len(TEXTS), len(model.label_names)), which
    except ValueError as error:  # weights are finite, but so large that no answer is
        assert "finite scores" in str(error), which
    assert same(model.net.weights(), meta, (arrays, meta)), which
    return "forged, and a valid model", memory


def same(arrays, meta, wanted):
    """The same names, bits and meta; the order of names in an object, too."""
    if list(arrays) != list(wanted[0]) or json.dumps(meta) != json.dumps(wanted[1]):
        return False
    return all(
        a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
        for a, b in zip(arrays.values(), wanted[0].values())
    )
