"""An embedding of pairs of neighbouring words."""

import numpy as np

from common.arrays.checks import as_ids
from common.arrays.layer import WithGrads
from common.ngrams import find, ngram_keys
from common.np import to_cpu
from common.time_layers import TimeEmbedding


class TimePairEmbedding(WithGrads):
    """The vector of every word together with the word before it; row 0 of W is that of all unknown pairs.

    W: (P + 1, D). pairs: (P,) sorted keys (`ngram_keys`) of words among `vocab_size`. forward: xs (N, T) ids -> (N,
    T, D), where the first word of a text has no known pair; backward returns None, since ids have no gradient.
    """

    param_names = ("W",)

    def __init__(self, W, pairs, vocab_size):
        if len(W) != len(pairs) + 1:
            expected = f"a row for each of {len(pairs)} pairs and one more"
            raise ValueError(f"TimePairEmbedding: expected {expected}, got {len(W)}")
        self.embed = TimeEmbedding(W)
        self.layers = [self.embed]
        self.params = self.embed.params
        self.pairs, self.vocab_size = pairs, vocab_size

    def forward(self, xs, mask=None):
        xs = as_ids(self, "xs", xs, ("N", "T"), self.vocab_size)
        place, known = find(self.pairs, *ngram_keys(to_cpu(xs), self.vocab_size))
        rows = np.zeros(xs.shape, np.intp)
        rows[:, 1:] = np.where(known, place + 1, 0)
        return self.embed.forward(np.asarray(rows, like=self.params[0]), mask)

    def backward(self, dout):
        return self.embed.backward(dout)
