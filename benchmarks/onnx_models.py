"""`python -m benchmarks.onnx_models MODEL --data FILE`: a trained model in onnxruntime beside ours.

How far the probabilities are apart on 2,000 texts of 1 to 400 words, whatever the batch; texts per second, each program
in processes of its own, in turn; sizes and differences of files of smaller weights, and of onnxruntime's dynamic
quantization, whose answers hang on the batch.
"""

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from ch_sentiment.experiment.classifier import Classifier
from ch_sentiment.export.onnx import STORED, onnx_bytes
from common.training.batches import sorted_batches
from dataset.labelled_text import read_labelled
from dataset.text import tokenize

LONGEST, OF_EACH, BATCH, ROUNDS = 400, 5, 64, 5
PROGRAMS = ("ours", "onnxruntime")


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onnx_models", description=__doc__.split("\n")[0])
    parser.add_argument("model", help="the folder of a training, or its model.npz")
    parser.add_argument("--data", required=True, metavar="FILE", help="labelled text to cut the texts from")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"of timing (default: {ROUNDS})")
    parser.add_argument("--cores", type=int, default=1, metavar="N", help="that each program may use (default: 1)")
    parser.add_argument("--part", choices=["answers", "speed"], help="only this (default: both)")
    parser.add_argument("--measure", nargs=2, metavar=("PROGRAM", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    model = Classifier.load(options.model)
    x = cut_texts(options.data, model.vocab)
    if options.measure:
        print(json.dumps(seconds(model, x, options.cores, *options.measure)))
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = write_forms(model, Path(folder))
        if options.part != "speed":
            for line in (*agreement(model, x, paths["float32"]), *smaller_files(x[:500], paths)):
                print(line, flush=True)
        if options.part != "answers":
            print(speed(options, x, paths["float32"]))


def cut_texts(path, vocab):
    """-> list of id arrays: of each length from 1 to LONGEST, OF_EACH cut from anywhere in a text, in random order."""
    rng, found = np.random.default_rng(0), []
    words = iter(map(tokenize, read_labelled(path).texts))
    for length in rng.permutation(np.repeat(np.arange(1, LONGEST + 1), OF_EACH)):
        text = next(tokens for tokens in words if len(tokens) >= length)
        start = rng.integers(len(text) - length + 1)
        found.append(vocab.encode(text[start : start + length]))
    return found


def write_forms(model, folder):
    """-> the files by form: those of STORED, and "dynamic", onnxruntime's dynamic quantization of the first."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    paths = {form: folder / f"{form}.onnx" for form in (*STORED, "dynamic")}
    for form in STORED:
        paths[form].write_bytes(onnx_bytes(model, form))
    logging.getLogger().setLevel(logging.ERROR)  # it recommends a preparation that changes nothing here
    quantize_dynamic(paths["float32"], paths["dynamic"], weight_type=QuantType.QInt8)
    return paths


class Runtime:
    """onnxruntime with a file. padding: columns of junk behind the longest text of a batch."""

    def __init__(self, path, cores=1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = cores, 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, x, batches, padding=0):
        """List of id arrays -> (N, C)."""
        answers = None
        for index in batches:
            lengths = np.array([len(x[i]) for i in index])
            ids = np.full((len(index), lengths.max() + padding), 2)  # (N, T); 2 is a word
            for row, i in zip(ids, index):
                row[: len(x[i])] = x[i]
            (found,) = self.session.run(["probabilities"], {"ids": ids, "lengths": lengths})
            answers = np.empty((len(x), found.shape[1])) if answers is None else answers
            answers[index] = found
        return answers


def alone(x):
    return [[i] for i in range(len(x))]


def mixed(x):
    """Batches of texts in their order, of all lengths."""
    return np.split(np.arange(len(x)), range(BATCH, len(x), BATCH))


def agreement(model, x, path):
    ours, runtime = model.predict_proba_of_ids(x), Runtime(path)
    yield f"{len(x):,} texts of 1 to {LONGEST} words; largest difference of a probability from ours"
    for what, batches, padding in (
        ("one by one", alone(x), 0),
        (f"in batches of {BATCH}", mixed(x), 0),
        (f"in batches of {BATCH}, 50 more columns of padding", mixed(x), 50),
    ):
        yield f"  onnxruntime, {what}: {np.abs(runtime(x, batches, padding) - ours).max():.1e}"
    by_itself = np.concatenate([model.predict_proba_of_ids([ids]) for ids in x])
    yield f"  ours, one by one: {np.abs(by_itself - ours).max():.1e}"


def smaller_files(x, paths):
    exact = Runtime(paths["float32"])(x, alone(x))
    changed = "what a batch, and padding, change"
    yield f"{len(x):,} of them: bytes; difference from float32, largest and mean; {changed}"
    for form, path in paths.items():
        runtime = Runtime(path)
        own, among, padded = runtime(x, alone(x)), runtime(x, mixed(x)), runtime(x, alone(x), 50)
        away, moved, junk = np.abs(own - exact), np.abs(among - own).max(), np.abs(padded - own).max()
        name = f"{form}: {path.stat().st_size:,}"
        yield f"  {name}; {away.max():.1e}, {away.mean():.1e}; {moved:.1e}, {junk:.1e}"


def speed(options, x, path):
    times = {program: [] for program in PROGRAMS}
    own = [options.model, "--data", options.data, "--cores", str(options.cores)]
    for _ in range(options.rounds):
        for program in PROGRAMS:
            command = [sys.executable, "-m", "benchmarks.onnx_models", *own, "--measure", program, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            times[program].append(json.loads(done.stdout))
    ours, theirs = (len(x) / statistics.median(times[program]) for program in PROGRAMS)
    rates = f"ours {ours:,.0f}, onnxruntime {theirs:,.0f}: onnxruntime / ours {theirs / ours:.2f}"
    return (
        f"texts per second in batches of {BATCH} by length, cores {options.cores}, median of {options.rounds}: {rates}"
    )


def seconds(model, x, cores, program, path):
    """For all texts, the second time."""
    model.processes = cores
    runtime, batches = Runtime(path, cores), sorted_batches(x, BATCH)
    answer = {"ours": lambda: model.predict_proba_of_ids(x), "onnxruntime": lambda: runtime(x, batches)}[program]
    answer()
    start = time.perf_counter()
    answer()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
