"""How long does an update of CBOW take where V grows? With full softmax and with negative sampling.

python -m ch_words.update_time docs/word_updates.png
"""

import argparse
import time

import numpy as np

from ch_words.figures import draw_times
from ch_words.model import CBOW, with_full_softmax, with_negative_sampling
from ch_words.reading import one_line_errors
from common.optimizer import Adam
from common.threads import one_blas_thread

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)  # V
FULL_UP_TO = 30_000
HIDDEN_SIZE = 100
BATCH_SIZE, CONTEXTS = 100, 10
UPDATES, BEFORE = 40, 20  # the median of so many, after some that also make room for gradients and state


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_words.update_time", description="time of an update against V")
    parser.add_argument("figure", nargs="?", default="word_updates.png", help="written to (default: %(default)s)")
    options = parser.parse_args()
    times = {"full softmax": {}, "negative sampling": {}}
    print(f"{'V':>9}  {'  '.join(times)}   ms an update, N = {BATCH_SIZE}, H = {HIDDEN_SIZE}, one thread")
    for V in SIZES:
        counts = 1 / np.arange(1, V + 1)  # as Zipf's law has them
        times["negative sampling"][V] = measure(with_negative_sampling(CBOW, counts, HIDDEN_SIZE, rng=0), counts)
        if V <= FULL_UP_TO:
            times["full softmax"][V] = measure(with_full_softmax(CBOW, V, HIDDEN_SIZE, rng=0), counts)
        print(
            f"{V:9,}  " + "  ".join(f"{row.get(V, np.nan):{len(name)}.2f}" for name, row in times.items()), flush=True
        )
    with one_line_errors(parser):
        draw_times(options.figure, times)


@one_blas_thread()
def measure(model, counts):
    """The median time of an update in ms: of forward, backward and the optimizer, on words drawn by their counts."""
    rng, optimizer, times = np.random.default_rng(0), Adam(), []
    for _ in range(BEFORE + UPDATES):
        words = rng.choice(len(counts), (BATCH_SIZE, CONTEXTS + 1), p=counts / counts.sum())
        contexts, target = words[:, 1:], words[:, 0]
        start = time.perf_counter()
        model.forward(contexts, target)
        model.backward()
        optimizer.update(model.params, model.grads)
        times.append(1000 * (time.perf_counter() - start))
    return np.median(times[BEFORE:])


if __name__ == "__main__":
    main()
