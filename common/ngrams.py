"""n-grams, words that stand beside each other, as numbers: their keys, which are frequent, and where one is found."""

import math

import numpy as np


def ngram_keys(xs, vocab_size, n=2):
    """(N, T) ids -> [(N, T - 1), ... (N, T - n + 1)] int64: a number for each run of 2, of 3, ... of n words.

    The key of a, b, c is (a * V + b) * V + c: with ids from 1 on, no two runs of any lengths have the same. ValueError
    as of `check_ngrams`.
    """
    check_ngrams(vocab_size, n)
    keys, found = xs.astype(np.int64), []
    for size in range(2, n + 1):
        keys = keys[:, :-1] * vocab_size + xs[:, size - 1 :]  # (N, T - size + 1)
        found.append(keys)
    return found


def check_ngrams(vocab_size, n):
    """ValueError where the keys of n words of such a vocabulary, V^n of them, do not fit into 63 bits."""
    if n * math.log2(max(vocab_size, 2)) >= 63:
        most = next((most for most in range(round(2 ** (63 / n)), 1, -1) if most**n < 2**63), 1)
        raise ValueError(f"expected at most {most:,} words for n-grams of {n}, got a vocabulary of {vocab_size:,}")


def find(known, keys):
    """Position of each of `keys` in the sorted `known` (P,), and whether it is there: two arrays like keys."""
    place = np.searchsorted(known, keys)
    return place, len(known) > 0 and np.take(known, place, mode="clip") == keys


def frequent_ngrams(x, vocab_size, n=2, most=None, min_texts=1):
    """The sorted keys of the runs of 2 to n words in a list of id arrays: of those that stand in `min_texts` of them or
    more, the `most` that stand in the most.
    """
    keys, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.intp)]
    for size in range(n - 1):
        of_texts = [np.unique(ngram_keys(ids[None], vocab_size, n)[size]) for ids in x]
        found, count = np.unique(np.concatenate(of_texts), return_counts=True)
        keys.append(found[count >= min_texts])  # all above those of the shorter ones
        counts.append(count[count >= min_texts])
    keys, counts = np.concatenate(keys), np.concatenate(counts)
    return keys if most is None or most >= len(keys) else np.sort(keys[np.argsort(-counts, kind="stable")[:most]])
