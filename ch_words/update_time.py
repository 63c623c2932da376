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

SIZES = (1_000, 3_000, 10_000, 30_000)  # V
HIDDEN_SIZE = 100
BATCH_SIZE, CONTEXTS = 100, 10
UPDATES = {"full softmax": 16, "negative sampling": 300}  # the median of the second half: all memory is in use then


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_words.update_time", description="time of an update against V")
    parser.add_argument("figure", nargs="?", default="word_updates.png", help="written to (default: %(default)s)")
    options = parser.parse_args()
    times = {name: {} for name in UPDATES}
    print(f"{'V':>9}  {'  '.join(times)}   ms an update, N = {BATCH_SIZE}, H = {HIDDEN_SIZE}, one thread")
    for V in SIZES:
        counts = 1 / np.arange(1, V + 1)  # as Zipf's law has them
        models = {
            "full softmax": with_full_softmax(CBOW, V, HIDDEN_SIZE, rng=0),
            "negative sampling": with_negative_sampling(CBOW, counts, HIDDEN_SIZE, rng=0),
        }
        for name, model in models.items():
            times[name][V] = measure(model, counts, UPDATES[name])
        print(f"{V:9,}  " + "  ".join(f"{row[V]:{len(name)}.1f}" for name, row in times.items()), flush=True)
    with one_line_errors(parser):
        draw_times(options.figure, times)


@one_blas_thread()
def measure(model, counts, updates):
    """The median time of an update in ms: of forward, backward and the optimizer, on words drawn by their counts."""
    rng, optimizer, times = np.random.default_rng(0), Adam(), []
    for _ in range(updates):
        words = rng.choice(len(counts), (BATCH_SIZE, CONTEXTS + 1), p=counts / counts.sum())
        contexts, target = words[:, 1:], words[:, 0]
        start = time.perf_counter()
        model.forward(contexts, target)
        model.backward()
        optimizer.update(model.params, model.grads)
        times.append(1000 * (time.perf_counter() - start))
    return np.median(times[updates // 2 :])


if __name__ == "__main__":
    main()
