"""The cost of one training step of an embedding: forward, backward, clip, Adam, at N = 64, T = 200, D = 100.

    python -m benchmarks.embedding_step

Each vocabulary size is measured in processes of its own, in turn; the table gives medians, and the ratio is the median
of the ratios of the pairs. Memory is the peak of a step beyond the parameters, their gradient and Adam's state, which
exist before it. Both sizes read the same ids, so that they touch the same rows.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import tracemalloc

import numpy as np

from common.optimizer import Adam, clip_grads
from common.time_layers import TimeEmbedding

N, T, D = 64, 200, 100
SMALL, LARGE = 20_000, 200_000
STEPS = 30


def measure(vocab_size):
    """-> milliseconds per step (median), peak bytes of a step beyond those in use before it."""
    rng = np.random.default_rng(0)
    # Word frequencies of real text fall as 1 / rank (Zipf); the same draws for every vocabulary size.
    frequency = 1 / np.arange(1, SMALL - 1)
    batches = [2 + rng.choice(SMALL - 2, (N, T), p=frequency / frequency.sum()) for _ in range(STEPS)]
    dout = rng.standard_normal((N, T, D)).astype(np.float32)
    layer = TimeEmbedding((0.1 * rng.standard_normal((vocab_size, D))).astype(np.float32))
    optimizer = Adam(lazy=True)

    def step(xs):
        out = layer.forward(xs)  # alive during the step, as it is in a network
        layer.backward(dout)
        clip_grads(layer.grads, 1.0)
        optimizer.update(layer.params, layer.grads)
        return out

    for xs in batches:  # touch every row once: a new page of memory costs more than the arithmetic in it
        step(xs)
    seconds = []
    for xs in batches:
        start = time.perf_counter()
        step(xs)
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    step(batches[0])
    peak = tracemalloc.get_traced_memory()[1]
    return 1000 * statistics.median(seconds), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=int, help="measure this vocabulary size in this process and print JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only)))
        return
    results = {SMALL: [], LARGE: []}
    for _ in range(options.rounds):
        for vocab_size, found in results.items():
            command = [sys.executable, "-m", "benchmarks.embedding_step", "--only", str(vocab_size)]
            found.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))  # noqa: S603
    print("| V | ms per step | MB at the peak of a step |\n| --- | --- | --- |")
    for vocab_size, found in results.items():
        milliseconds, peaks = zip(*found)
        print(f"| {vocab_size:,} | {statistics.median(milliseconds):.1f} | {max(peaks) / 1e6:.1f} |")
    ratios = [large / small for (small, _), (large, _) in zip(results[SMALL], results[LARGE])]
    print(f"\nratio of the times: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
