"""How long does an update of CBOW take where V grows? With full softmax and with negative sampling.

python -m ch_words.update_time docs/word_updates.png
"""

import argparse
import time

import numpy as np

from ch_words.figures import draw_times
from ch_words.model import CBOW, with_full_softmax, with_negative_sampling
from common.figures.figure_file import check_figure
from common.optimizer import Adam
from common.threads import one_blas_thread
from dataset.errors import one_line_errors

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)  # V
FULL_UP_TO = 30_000
HIDDEN_SIZE = 100
BATCH_SIZE, CONTEXTS = 100, 10
UPDATES = {"full softmax": 16, "negative sampling": 300}  # timed: the second half


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_words.update_time", description=__doc__.split("\n")[0])
    parser.add_argument("figure", nargs="?", default="word_updates.png", help="written to (default: %(default)s)")
    with one_line_errors(parser):
        run(parser.parse_args().figure)


def run(figure):
    check_figure(figure)
    times = {name: {} for name in UPDATES}
    print(f"{'V':>9}  {'  '.join(times)}   ms an update, N = {BATCH_SIZE}, H = {HIDDEN_SIZE}")
    for V in SIZES:
        counts = 1 / np.arange(1, V + 1)  # as Zipf's law has them
        models = {"negative sampling": with_negative_sampling(CBOW, counts, HIDDEN_SIZE, rng=0)}
        if V <= FULL_UP_TO:
            models["full softmax"] = with_full_softmax(CBOW, V, HIDDEN_SIZE, rng=0)
        for name, model in models.items():
            times[name][V] = measure(model, counts, UPDATES[name])
        row = [f"{of_V[V]:.1f}".rjust(len(name)) if V in of_V else " " * len(name) for name, of_V in times.items()]
        print(f"{V:9,}  " + "  ".join(row), flush=True)
    draw_times(figure, times)
    print(f"written: {figure}")


@one_blas_thread()
def measure(model, counts, updates):
    """The processor time of an update in ms, forward, backward and optimizer, on words drawn by their counts."""
    rng, optimizer, p = np.random.default_rng(0), Adam(), counts / counts.sum()
    words = rng.choice(len(counts), (updates, BATCH_SIZE, CONTEXTS + 1), p=p)  # (updates, N, C + 1)
    for i, batch in enumerate(words):
        if i == updates // 2:  # by now all memory is in use
            start = time.process_time()
        model.forward(batch[:, 1:], batch[:, 0])
        model.backward()
        optimizer.update(model.params, model.grads)
    return 1000 * (time.process_time() - start) / (updates - updates // 2)


if __name__ == "__main__":
    main()
