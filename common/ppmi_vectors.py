"""Word vectors by counting: which words stand near a word, as PPMI, and of that the SVD. Book, chapter 2.

The same as `create_co_matrix`, `ppmi` and SVD of that chapter, for many texts and a large vocabulary: the contexts are
the most frequent words alone, so that the matrix fits into memory, and the SVD is a randomized one.
"""

import numpy as np

from common.arrays.checks import as_number, as_rng

CONTEXTS = 3000  # words: in memory, 4 bytes for each of them and each word of the vocabulary
SMOOTHING = 0.75  # power of the counts of contexts, without which rare ones look too important. Levy et al. 2015
EXTRA, ROUNDS = 10, 3  # more columns than are wanted, and power iterations. Halko, Martinsson and Tropp 2011


def ppmi_vectors(x, vocab_size, size, window=5, skipped=1, rng=None):
    """-> W (V, D) float32: a vector for each word of a vocabulary of V, of the company that it keeps; D = `size`.

    x: list of N (T,) id arrays. window: words to each side that count, a word at distance k as (window + 1 - k) /
    window. skipped: ids below this (0 = padding always) are no words: they have no vector and are no context. The
    vectors have a mean square of 1; a word without neighbours has zeros. rng: of the randomized SVD.
    """
    size = as_number("ppmi_vectors", "size", size, least=1, whole=True)
    M = _ppmi(_near_counts(x, vocab_size, window, skipped))  # (V, K)
    U, S = _truncated_svd(M, size, as_rng("ppmi_vectors", rng))  # (V, D), (D,)
    W = np.zeros((vocab_size, size), np.float32)
    W[:, : len(S)] = U * np.sqrt(S)
    has_one = M.any(axis=1)  # (V,)
    W[~has_one] = 0
    if has_one.any():
        W /= np.sqrt(np.square(W[has_one]).mean())
    return W


def _near_counts(x, V, window, skipped):
    """How much of each context stands near each word: (V, K) float32. x, window, skipped: as of `ppmi_vectors`."""
    gap = np.zeros(window, np.int64)  # so that no window reaches into the next text
    flat = np.concatenate([part for ids in x for part in (ids, gap)] or [gap])  # (M,)
    flat[flat < max(skipped, 1)] = -1
    frequency = np.bincount(flat[flat >= 0], minlength=V)
    contexts = np.argsort(-frequency, kind="stable")[: min(CONTEXTS, int((frequency > 0).sum()))]
    K = len(contexts)
    column = np.full(V + 1, -1)  # of each word as a context; the last entry is that of -1
    column[contexts] = np.arange(K)
    counts = np.zeros(V * K, np.float32)
    for distance in range(1, window + 1):
        left, right = flat[:-distance], flat[distance:]
        for word, near in ((left, right), (right, left)):
            known = (word >= 0) & (column[near] >= 0)
            keys, times = np.unique(word[known] * K + column[near[known]], return_counts=True)
            counts[keys] += times * ((window + 1 - distance) / window)
    return counts.reshape(V, K)


def _ppmi(counts):
    """Counts (V, K) -> max(0, log(p(word, context) / (p(word) p(context)))), in the same memory."""
    of_word = counts.sum(axis=1, dtype=np.float64)  # (V,)
    of_context = counts.sum(axis=0, dtype=np.float64) ** SMOOTHING  # (K,)
    of_context /= max(of_context.sum(), 1e-300)
    for row, total in zip(counts, of_word):
        if total > 0:
            with np.errstate(divide="ignore"):
                row[...] = np.maximum(np.log(row / (total * of_context)), 0)
    return counts


def _truncated_svd(M, size, rng):
    """M (V, K) -> its left singular vectors U (V, D) and values S (D,): the `size` largest, or all of a small M."""
    found = min(size + EXTRA, *M.shape)
    Q = rng.standard_normal((M.shape[1], found), dtype=np.float32)  # (K, D + EXTRA)
    for _ in range(ROUNDS):
        Q = np.linalg.qr(M @ Q)[0]  # (V, K) @ (K, D + EXTRA)
        Q = np.linalg.qr(M.T @ Q)[0]
    Q = np.linalg.qr(M @ Q)[0]
    U, S, _ = np.linalg.svd(Q.T @ M, full_matrices=False)  # (D + EXTRA, K)
    return (Q @ U)[:, :size], S[:size]
