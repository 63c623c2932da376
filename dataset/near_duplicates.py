"""Texts that are nearly the same: MinHash signatures of word triples, and locality-sensitive hashing of their bands.

Two texts are near duplicates where they share 70 % or more of the triples of neighbouring words that either has. The
time is linear in the number of texts. Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, ch. 3.
"""

from dataclasses import dataclass

import numpy as np

SIMILAR = 0.7  # Jaccard index: triples that both have / triples that either has
BANDS, ROWS = 16, 4  # of a signature: texts of similarity 0.7 share a band in 98.8 % of cases, of 0.8 in 99.98 %
_PLAUSIBLE = 0.5  # similarity as signatures estimate it, from which it is counted exactly
_BLOCK = 2**20  # words whose triples are in memory at a time
_PAIRS = 2**16  # of signatures that are compared at a time
_NO_WORD = np.uint64(0xFFFFFFFF)  # pads the text that is shorter than a triple


@dataclass(frozen=True)
class NearDuplicates:
    """cluster: (N,) int64, equal for texts that are linked by near duplicates, the position of the first of them. like:
    (N,) the text that each is most like, an earlier one where there is one; -1 where it is like none. similarity: (N,)
    to that text, 0 to 1; 1 where both have the same triples.
    """

    cluster: np.ndarray
    like: np.ndarray
    similarity: np.ndarray


def find_near_duplicates(tokens, rng=0, progress=iter):
    """-> NearDuplicates of N TokenizedTexts. A text without a word is like none. progress: wraps the blocks of texts.

    Of many texts in one bucket each is compared with the first and with the one before it only, and texts of the same
    words are compared once: so a million copies cost no more than a million texts.
    """
    N = len(tokens)
    first = {}  # words of a text -> position of the first text of these words
    same = np.array([first.setdefault(_bytes_of(tokens, i), i) for i in range(N)], np.int64)
    has_word = tokens.lengths() > 0
    distinct = np.flatnonzero((same == np.arange(N)) & has_word)  # (M,)
    signature = signatures(tokens, distinct, rng, progress)  # (M, BANDS * ROWS)
    a, b = candidates(signature)
    parts = range(0, len(a), _PAIRS)
    estimates = [(signature[a[i : i + _PAIRS]] == signature[b[i : i + _PAIRS]]).mean(axis=1) for i in parts]
    plausible = np.concatenate([np.zeros(0), *estimates]) >= _PLAUSIBLE
    a, b = distinct[a[plausible]], distinct[b[plausible]]  # positions of texts, a < b
    found = np.array([_similarity(tokens, i, j) for i, j in zip(a, b)])
    a, b, found = (some[found >= SIMILAR] for some in (a, b, found))
    copies = np.flatnonzero((same != np.arange(N)) & has_word)
    a, b = np.concatenate((a, same[copies])), np.concatenate((b, copies))
    found = np.concatenate((found, np.ones(len(copies))))
    like, similarity = np.full(N, -1), np.zeros(N)
    # The last write to a position counts: sorted by similarity, of equal ones the earliest partner last.
    order = np.lexsort((-a, found))
    like[a[order]], similarity[a[order]] = b[order], found[order]
    like[b[order]], similarity[b[order]] = a[order], found[order]
    return NearDuplicates(_clusters(N, a, b), like, similarity)


def signatures(tokens, index, rng=0, progress=iter):
    """(M, BANDS * ROWS) uint32, the MinHash signatures of the texts `index` (M,): the minimum of each random hash over
    the triples of a text. The expected share of equal entries of two texts is their Jaccard index.
    """
    rng = np.random.default_rng(rng)
    a, b = rng.integers(0, 2**64, (2, BANDS * ROWS), np.uint64)
    a |= np.uint64(1)
    found = np.empty((len(index), BANDS * ROWS), np.uint32)
    lengths = tokens.lengths()[index]
    blocks = np.flatnonzero(np.diff(np.cumsum(lengths) // _BLOCK, prepend=0)) if len(index) else []
    for start, end in progress(list(zip([0, *blocks], [*blocks, len(index)]))):
        if start == end:
            continue
        hashes, starts = _triples(tokens, index[start:end])
        for k in range(BANDS * ROWS):
            mixed = ((a[k] * hashes + b[k]) >> np.uint64(32)).astype(np.uint32)  # multiply-shift
            found[start:end, k] = np.minimum.reduceat(mixed, starts)
    return found


def candidates(signature):
    """Pairs of rows of `signature` that agree in a band, a < b: two (P,) arrays, each pair once."""
    pairs = [np.zeros((0, 2), np.int64)]
    for band in np.split(signature, BANDS, axis=1):
        _, bucket = np.unique(np.ascontiguousarray(band).view("V16").reshape(-1), return_inverse=True)
        order = np.argsort(bucket.reshape(-1), kind="stable")
        new = np.diff(bucket.reshape(-1)[order], prepend=-1) > 0
        head = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]  # first text of the bucket
        follows = np.flatnonzero(~new)
        pairs += [np.stack((head[follows], order[follows]), axis=1), np.stack((order[follows - 1], order[follows]), 1)]
    return np.unique(np.concatenate(pairs), axis=0).T


def _triples(tokens, index):
    """-> uint64 hashes of all triples of neighbouring words of the texts `index`, text after text; (M,) where each text
    starts among them. A text of one or two words has one triple, padded.
    """
    lengths = tokens.lengths()[index]
    offsets = np.append(0, np.cumsum(lengths + 2))[:-1]  # with two places after each text
    words = np.full(lengths.sum() + 2 * len(index), _NO_WORD)
    for i, offset, length in zip(index, offsets, lengths):
        start = tokens.offsets[i]
        words[offset : offset + length] = tokens.ids[start : start + length]
    counts = np.maximum(lengths - 2, 1)
    starts = np.append(0, np.cumsum(counts))[:-1]
    at = np.arange(counts.sum()) + np.repeat(offsets - starts, counts)
    return _mixed(_mixed(_mixed(words[at]) + words[at + 1]) + words[at + 2]), starts


def _mixed(x):
    """uint64 whose high bits depend on all bits of x, as in the finalizer of SplitMix64. Steele, Lea and Flood 2014."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _similarity(tokens, i, j):
    """The Jaccard index of the triples of the texts i and j: 0 to 1."""
    a, b = (set(_triples(tokens, np.array([k]))[0].tolist()) for k in (i, j))
    return len(a & b) / len(a | b)


def _bytes_of(tokens, i):
    return tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]].tobytes()


def _clusters(N, a, b):
    """(N,): the least position among all that pairs a, b (P,) link, directly or through others."""
    root = np.arange(N)

    def find(i):
        while root[i] != i:
            root[i] = i = root[root[i]]
        return i

    for i, j in zip(a, b):
        i, j = find(i), find(j)
        root[max(i, j)] = min(i, j)
    return np.array([find(i) for i in range(N)], np.int64)
