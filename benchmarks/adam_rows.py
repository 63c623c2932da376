"""What Adam does to an embedding's rows whose words do not occur: the loss of CBOW with each of four forms of it.

python -m benchmarks.adam_rows ptb.valid.txt --held-out ptb.test.txt --epochs 3

The book's: every row moves at every step, 1e-7 is added to the root of the raw second moment. Dense: the same with eps
as in the paper. Ours: a row catches up when it is touched again. Lazy: it does not. The settings are those of the
book's chapter 4; the same initial weights, batches and negative samples for all.
"""

import argparse
import time

import numpy as np

from ch_words.model import CBOW, with_negative_sampling
from common.arrays.row_grad import plain
from common.optimizer import Adam
from common.trainer import Trainer
from common.training.callbacks import Callback
from common.training.scoring import evaluate
from common.util import create_contexts_target
from dataset.ptb import load_corpus, load_data

WINDOW_SIZE, HIDDEN_SIZE, BATCH_SIZE = 5, 100, 100


class DenseAdam(Adam):
    """Every row at every step."""

    def update(self, params, grads):
        super().update(params, [plain(g) for g in grads])


class BookAdam(DenseAdam):
    """With the book's eps."""

    def step(self, p, g, m, v):
        root = (1 - self.beta2**self.iter) ** 0.5
        self.eps = 1e-7 / root  # of which `Adam.step` takes root times as much
        super().step(p, g, m, v)


class Score(Callback):
    def __init__(self, name, x, t):
        self.name, self.x, self.t, self.start = name, x, t, time.perf_counter()

    def on_epoch_end(self, trainer):
        trainer.model.loss.sampler.rng = np.random.default_rng(2)  # the same samples for all
        held_out = evaluate(trainer.model, self.x, self.t, 500)["loss"]
        loss, seconds = trainer.history[-1]["loss"], time.perf_counter() - self.start
        row = f"{self.name:<6} epoch {trainer.epoch:2d}  loss {loss:.4f}  held out {held_out:.4f}  {seconds:.0f} s"
        print(row, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adam_rows", description=__doc__.splitlines()[0])
    parser.add_argument("text", help="a file of text, such as ptb.valid.txt")
    parser.add_argument("--held-out", required=True, metavar="FILE", help="another one")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--forms", nargs="+", default=["book", "dense", "ours", "lazy"])
    options = parser.parse_args()
    corpus, word_to_id, _ = load_data(path=options.text)
    counts, held_out = np.bincount(corpus), load_corpus(options.held_out, word_to_id)
    data, scored = (create_contexts_target(ids, WINDOW_SIZE) for ids in (corpus, held_out))
    print(f"{len(corpus):,} words, {len(counts):,} different ones")
    forms = {"book": BookAdam(), "dense": DenseAdam(), "ours": Adam(), "lazy": Adam(lazy=True)}
    for name in options.forms:
        model = with_negative_sampling(CBOW, counts, HIDDEN_SIZE, rng=np.random.default_rng(0))
        trainer = Trainer(model, forms[name], [Score(name, *scored)], rng=1)
        trainer.fit(*data, options.epochs, BATCH_SIZE)


if __name__ == "__main__":
    main()
