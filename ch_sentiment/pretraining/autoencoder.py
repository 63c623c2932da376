"""A sequence autoencoder: an LSTM reads a text to its end, and then writes it again, with the same weights.

It is a language model of the text twice, whose loss begins where the text has ended. Dai and Le 2015.
"""

import numpy as np

from ch_sentiment.pretraining import language_model
from common.arrays.examples import IGNORED
from common.trainer import Trainer
from dataset.text import PAD

END = PAD
TRAINER = Trainer


def build(options, texts, rng):
    """-> the untrained LanguageModel, which begins every text anew."""
    return language_model.build(options, texts, rng, stateful=False)


def callbacks_of(model):
    return []


def examples(options, ids_of_texts):
    """-> x, t of `Trainer.fit`: of each text of T words, cut to `steps`, the 2 T + 1 ids that are read, and those that
    are to be predicted, where the loss counts.
    """
    xs, ts = [], []
    for ids in ids_of_texts:
        ids = ids[: options.steps][:: -1 if options.backward else 1]
        xs.append(np.concatenate((ids, [END], ids)))
        ts.append(np.concatenate((np.full(len(ids), IGNORED), ids, [END])))
    return xs, ts
