"""The cost of one training step of an LSTM language model at V = 1,000 and 20,000: full and sampled softmax.

    python -m benchmarks.large_vocabulary

N = 20, T = 35, D = H = 100, 512 words drawn, tied weights, SGD with clipping. Each case is measured in processes of its
own, in turn; the table gives medians of milliseconds of one processor, the ratios are medians of those of the pairs.
Memory is the peak of a step beyond what exists before it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import tracemalloc

import numpy as np

from ch_language.model import LanguageModel
from common.arrays.tied_weights import TiedWeights
from common.optimizer import SGD, clip_grads

N, T, H = 20, 35, 100
SMALL, LARGE = 1_000, 20_000
NUM_SAMPLED = 512
STEPS = 10
CASES = [(name, size) for name in ("full", "sampled") for size in (SMALL, LARGE)]


def measure(name, vocab_size):
    """-> milliseconds of one processor per step (median), peak bytes of a step beyond those in use before it."""
    rng = np.random.default_rng(0)
    # Word frequencies of real text fall as 1 / rank (Zipf); the same draws for every vocabulary size.
    frequency = 1 / np.arange(1, SMALL + 1)
    text = rng.choice(SMALL, (STEPS, N, T + 1), p=frequency / frequency.sum())
    num_sampled = NUM_SAMPLED if name == "sampled" else None
    model = LanguageModel(vocab_size, H, H, tied=True, num_sampled=num_sampled, rng=0)
    tied, optimizer = TiedWeights(model.params), SGD(1.0)

    def step(words):
        model.forward(words[:, :-1], words[:, 1:])  # (N, T + 1) -> (N, T) each
        model.backward()
        grads = tied.sum_grads(model.grads)
        clip_grads(grads, 0.25)
        optimizer.update(tied.unique, grads)

    seconds = []
    for words in np.concatenate((text, text)):  # once to touch all memory: a new page costs more than its arithmetic
        start = time.process_time()
        step(words)
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    step(text[0])
    peak = tracemalloc.get_traced_memory()[1]
    return 1000 * statistics.median(seconds[STEPS:]), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs=2, help="measure this case in this process and print JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only[0], int(options.only[1]))))
        return
    results = {case: [] for case in CASES}
    for _ in range(options.rounds):
        for (name, vocab_size), found in results.items():
            command = [sys.executable, "-m", "benchmarks.large_vocabulary", "--only", name, str(vocab_size)]
            found.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))  # noqa: S603
    print("| softmax | V | ms per step | MB at the peak of a step |\n| --- | --- | --- | --- |")
    for (name, vocab_size), found in results.items():
        milliseconds, peaks = zip(*found)
        print(f"| {name} | {vocab_size:,} | {statistics.median(milliseconds):.1f} | {max(peaks) / 1e6:.1f} |")
    for name in ("full", "sampled"):
        ratios = [large[0] / small[0] for small, large in zip(results[name, SMALL], results[name, LARGE])]
        print(f"\n{name}, time at V = {LARGE:,} / at {SMALL:,}: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
