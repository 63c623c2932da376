"""The process that measures: `python -m benchmarks.speed.worker JOB FOLDER` prints its result as one line of JSON.

JOB is a `jobs.Job` as JSON. FOLDER holds what `texts` wrote.
"""

import json
import resource
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.speed import texts
from benchmarks.speed.jobs import DEFAULT, TEXT, Job
from common.training.batches import shuffled_batches, take

DISTINCT = 5  # batches that the steps cycle through
SAME = 1e-4  # two sides agree if loss and gradients differ by less than this, relative to the largest element
SMALL = 1e-3  # a gradient whose largest element is below this is rounding


def make_side(job):
    """The implementation. Each module is imported only where it is used: its memory counts."""
    if job.ranks > 1:
        from benchmarks.speed.ranks import Ranks as Side
    elif job.side == DEFAULT:
        from benchmarks.speed.default import Default as Side
    elif job.side == "ours":
        from benchmarks.speed.ours import Ours as Side
    elif job.side == "the book's way":
        from benchmarks.speed.book import Book as Side
    elif job.side == "PyTorch":
        from benchmarks.speed.pytorch import PyTorch as Side
    elif job.side == "PyTorch, packed":
        from benchmarks.speed.pytorch import PackedPyTorch as Side
    elif job.side == "PyTorch, compiled":
        from benchmarks.speed.pytorch import CompiledPyTorch as Side
    elif job.side == "PyTorch, SparseAdam":
        from benchmarks.speed.pytorch import SparsePyTorch as Side
    else:
        raise ValueError(f"worker: expected a known side, got {job.side!r}")
    return Side(job)


def side_with_our_weights(job):
    """The implementation, with the weights that ours has for the same job."""
    side = make_side(job)
    if "PyTorch" in job.side:
        from benchmarks.speed.ours import new_net
        from benchmarks.speed.pytorch import copy_weights

        copy_weights(new_net(job), side.net)
    return side


def make_batches(job):
    """Batches of texts of full length: list of xs (N, T), ts (N,)."""
    rng = np.random.default_rng(0)
    return [
        (texts.zipf_ids(rng, (job.N, job.T), job.words), rng.integers(0, 2, job.N).astype(np.int32))
        for _ in range(DISTINCT)
    ]


def train(side, xs, ts):
    """One training step; -> seconds of its four parts, by name."""
    marks = [time.perf_counter()]
    side.forward(xs, ts)
    marks.append(time.perf_counter())
    side.backward()
    marks.append(time.perf_counter())
    side.clip()
    marks.append(time.perf_counter())
    side.update()
    marks.append(time.perf_counter())
    return dict(zip(("forward", "backward", "clip", "update"), np.diff(marks).tolist()))


def step(job, folder):
    """The median training step, after one on every batch: fresh memory costs more than the arithmetic in it."""
    side, batches = side_with_our_weights(job), make_batches(job)
    for batch in batches:
        train(side, *batch)
    parts = [train(side, *batches[i % DISTINCT]) for i in range(job.steps)]
    medians = {name: statistics.median(part[name] for part in parts) for name in parts[0]}
    return {"seconds": statistics.median(sum(part.values()) for part in parts), **medians}


def epoch(job, folder):
    """One pass over the corpus, like lengths together, batches and their padding included."""
    side, (x, t) = side_with_our_weights(job), texts.load(folder, job.texts)
    train(side, *make_batches(job)[0])  # the first step's extra work is not part of the epoch
    parts = {}
    start = time.perf_counter()
    for index in shuffled_batches(x, job.N, 0):
        for name, seconds in train(side, take(x, index), t[index]).items():
            parts[name] = parts.get(name, 0) + seconds
    return {"seconds": time.perf_counter() - start, **parts}


def predict(job, folder):
    """Scores of the corpus, from ids, by length."""
    side, (x, _) = side_with_our_weights(job), texts.load(folder, job.texts)
    side.answers(x[: job.N], job.N)
    start = time.perf_counter()
    side.answers(x, job.N)
    return {"seconds": time.perf_counter() - start}


def read_texts(job, folder):
    """From text to ids."""
    from ch_sentiment.experiment.classifier import Classifier

    model = Classifier.load(folder)
    lines = Path(folder, "texts.txt").read_text(encoding="utf-8").split("\n")[: job.texts]
    start = time.perf_counter()
    model.encode(lines)
    return {"seconds": time.perf_counter() - start}


def load_words(folder):
    """The vocabulary that `texts` wrote."""
    return json.loads(Path(folder, "words.json").read_text(encoding="utf-8"))


def save_model(job, folder):
    """Write the model that `first_answer` and `read_texts` load."""
    words = load_words(folder)
    side = make_side(replace(job, V=len(words) + 2))
    if job.side == "ours":
        from ch_sentiment.experiment.classifier import Classifier
        from dataset.text import Vocab

        del side.net.config["type_dropout"]  # it is not used, and an older checkout would not know it
        Classifier(side.net, Vocab(words), ["negative", "positive"], texts.MAX_LEN).save(Path(folder, "model.npz"))
    else:
        import torch

        torch.save(side.net.state_dict(), Path(folder, "model.pt"))
    return {}


def first_answer(job, folder):
    """From nothing to PyTorch's answer to one text: what counts is the `wall` time of this process."""
    import torch

    from dataset.text import Vocab, tokenize

    vocab = Vocab(load_words(folder))
    side = make_side(replace(job, V=len(vocab)))
    side.net.load_state_dict(torch.load(Path(folder, "model.pt"), weights_only=True))
    print(side.predict(vocab.encode(tokenize(TEXT))[None]))
    return {}


def time_to_accuracy(job, folder):
    """Training until an accuracy is reached (`to_accuracy`)."""
    from benchmarks.speed import to_accuracy

    return to_accuracy.ours(job) if job.side == DEFAULT else to_accuracy.pytorch(job)


def products(job, folder):
    """A training step, and the time of its matrix products (`products`); rates in operations a second."""
    from benchmarks.speed.products import large_rate, rate_on_all_cores, recorded, seconds_alone

    side, batches = make_side(job), make_batches(job)
    for batch in batches:
        train(side, *batch)
    times = []
    for i in range(job.steps):
        with recorded() as recorder:
            seconds = sum(train(side, *batches[i % DISTINCT]).values())
        times.append((seconds, recorder.seconds))
    gates = side.net.params[2].shape[-1] // job.H
    if recorder.operations() < 3 * 2 * job.N * job.T * job.H * gates * job.H:  # h Wh, its two gradients
        raise SystemExit("products: fewer products were recorded than a step has: they are not made by np.matmul")
    seconds, inside = (statistics.median(column) for column in zip(*times))
    found = {"seconds": seconds, "inside": inside, "alone": seconds_alone(recorder.shapes)}
    found["operations"] = recorder.operations()
    rate = found["operations"] / found["alone"] if job.threads == 1 else rate_on_all_cores(recorder, job.threads)
    return {**found, "rate": rate, "large_rate": large_rate()}


def agree(job, folder):
    """Both sides start from the same weights: the losses of two steps and the gradients of the first must be the same.

    The texts have different lengths; the book's way only takes texts of one length.
    """
    from benchmarks.speed.ours import Ours

    ours, other = Ours(job), make_side(job)
    rng = np.random.default_rng(0)
    xs, ts = make_batches(job)[0]
    if job.side.startswith("PyTorch"):
        from benchmarks.speed.pytorch import copy_weights, in_torch_layout, second_biases

        copy_weights(ours.net, other.net)
        xs[np.arange(job.T) >= rng.integers(1, job.T + 1, (job.N, 1))] = 0
    losses = []
    for side in (ours, other):
        losses.append([side.forward(xs, ts)])
        side.backward()
    expected, got = ours.gradients(), other.gradients()
    if job.side.startswith("PyTorch"):
        expected = in_torch_layout(expected, other.net)
        for p in second_biases(other.net):
            p.grad.zero_()  # not trained in the step below: two would move twice as far as one
    worst = max(float(np.abs(got[name] - g).max() / max(np.abs(g).max(), SMALL)) for name, g in expected.items())
    for side, values in zip((ours, other), losses):
        side.clip()
        side.update()
        values.append(side.forward(xs, ts))
    worst = max(worst, float(np.abs(np.subtract(*losses)).max() / losses[0][0]))
    worst = max(worst, float(np.abs(ours.predict(xs) - other.predict(xs)).max()))
    if not worst < SAME:
        raise SystemExit(f"{job.side} and ours differ by {worst:.1e}: they do not do the same work")
    return {"worst": worst}


TASKS = {f.__name__: f for f in (step, epoch, predict, read_texts, save_model, first_answer, products, agree)}
TASKS |= {"memory": step, "time_to_accuracy": time_to_accuracy}


def main(job, folder):
    job = Job(**json.loads(job))
    result = TASKS[job.task](job, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if job.ranks > 1:
        from mpi4py import MPI

        peak = MPI.COMM_WORLD.allreduce(peak)
        if MPI.COMM_WORLD.rank > 0:
            return
    print(json.dumps({**result, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
