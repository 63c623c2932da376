"""Do the cheap ways find what the dear one finds? Analogies and neighbours by each way of making vectors, and the time.

python -m ch_words.compare
"""

import functools
import time

import numpy as np

from ch_words.model import CBOW, SkipGram, with_full_softmax, with_negative_sampling
from ch_words.reading import load_corpus
from ch_words.vectors import analogies_solved, neighbours_related, truncated_svd
from common.optimizer import Adam
from common.trainer import Trainer
from common.util import create_co_matrix, create_contexts_target, ppmi
from dataset.errors import run_script

WINDOW_SIZE = 5
WORDVEC_SIZE = 100
MAX_EPOCH = {CBOW: 6, SkipGram: 3}  # ten neighbours teach in a skip-gram what one target does in CBOW
BATCH_SIZE = 100
LEARNING_RATE = 0.01
SEEDS = (0, 1)


def count(corpus, V, seed, reduce):
    M = ppmi(create_co_matrix(corpus, V, WINDOW_SIZE))  # (V, V)
    U, S, _ = truncated_svd(M, min(WORDVEC_SIZE, V), seed)  # (V, D), (D,)
    return U * np.sqrt(S) if reduce else M


def predict(corpus, V, seed, Model, sampled):
    model_rng, order_rng = np.random.default_rng(seed).spawn(2)
    if sampled:
        model = with_negative_sampling(Model, np.bincount(corpus), WORDVEC_SIZE, rng=model_rng)
    else:
        model = with_full_softmax(Model, V, WORDVEC_SIZE, model_rng)
    trainer = Trainer(model, Adam(lr=LEARNING_RATE), callbacks=[], rng=order_rng)
    trainer.fit(*create_contexts_target(corpus, WINDOW_SIZE), MAX_EPOCH[Model], BATCH_SIZE)
    return model.embed.params[0]


WAYS = {
    "PPMI": functools.partial(count, reduce=False),
    "PPMI, SVD": functools.partial(count, reduce=True),
    "CBOW, full softmax": functools.partial(predict, Model=CBOW, sampled=False),
    "CBOW, negative sampling": functools.partial(predict, Model=CBOW, sampled=True),
    "skip-gram, full softmax": functools.partial(predict, Model=SkipGram, sampled=False),
    "skip-gram, negative sampling": functools.partial(predict, Model=SkipGram, sampled=True),
}


def main():
    corpus, word_to_id, _ = load_corpus(window_size=WINDOW_SIZE)
    print(f"{'':28}  analogies  neighbours  seconds   means of {len(SEEDS)} seeds, V = {len(word_to_id)}")
    for name, way in WAYS.items():
        rows = []
        for seed in SEEDS:
            start = time.perf_counter()
            W = way(corpus, len(word_to_id), seed)
            rows.append(
                [analogies_solved(W, word_to_id), neighbours_related(W, word_to_id), time.perf_counter() - start]
            )
        print("{:28}  {:9.1%}  {:10.1%}  {:7.1f}".format(name, *np.mean(rows, axis=0)), flush=True)


if __name__ == "__main__":
    run_script(main, __doc__)
