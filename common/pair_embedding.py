"""Pairs of neighbouring words: the frequent ones, their positions in a text, and an embedding of them."""

import numpy as np

from common.arrays.checks import as_ids
from common.time_layers import TimeEmbedding


def keys_of_pairs(xs, vocab_size):
    """(N, T) ids -> (N, T - 1) int64, a number for each pair of neighbours: a * V + b."""
    return xs[:, :-1].astype(np.int64) * vocab_size + xs[:, 1:]


def find(pairs, keys):
    """Position of each of `keys` in the sorted `pairs` (P,), and whether it is there: two arrays like keys."""
    place = np.searchsorted(pairs, keys)
    return place, len(pairs) > 0 and np.take(pairs, place, mode="clip") == keys


def frequent_pairs(x, vocab_size, max_pairs=None, min_texts=1):
    """The sorted keys of the pairs in a list of id arrays: of those that occur in `min_texts` of them or more, the
    `max_pairs` that occur in the most.
    """
    of_texts = [np.unique(keys_of_pairs(ids[None], vocab_size)) for ids in x]
    keys, counts = np.unique(np.concatenate(of_texts), return_counts=True)
    keys, counts = keys[counts >= min_texts], counts[counts >= min_texts]
    return np.sort(keys[np.argsort(-counts, kind="stable")[:max_pairs]])


class TimePairEmbedding:
    """The vector of every word together with the word before it; row 0 of W is that of all unknown pairs.

    W: (P + 1, D). pairs: (P,) sorted keys (`keys_of_pairs`) of words among `vocab_size`. forward: xs (N, T) ids -> (N,
    T, D), where the first word of a text has no known pair; backward returns None, since ids have no gradient.
    """

    param_names = ("W",)

    def __init__(self, W, pairs, vocab_size):
        if len(W) != len(pairs) + 1:
            expected = f"a row for each of {len(pairs)} pairs and one more"
            raise ValueError(f"TimePairEmbedding: expected {expected}, got {len(W)}")
        self.embed = TimeEmbedding(W)
        self.layers = [self.embed]
        self.params, self.grads = self.embed.params, self.embed.grads
        self.pairs, self.vocab_size = pairs, vocab_size

    def forward(self, xs, mask=None):
        xs = as_ids(self, "xs", xs, ("N", "T"), self.vocab_size)
        place, known = find(self.pairs, keys_of_pairs(xs, self.vocab_size))
        rows = np.zeros(xs.shape, np.intp)
        rows[:, 1:] = np.where(known, place + 1, 0)
        return self.embed.forward(rows, mask)

    def backward(self, dout):
        return self.embed.backward(dout)
