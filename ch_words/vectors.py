"""What is done with word vectors W (V, D): made of counts, asked for analogies, written to a file."""

import itertools

import numpy as np

from common.arrays.checks import as_rng
from common.files.atomic_write import write_atomically
from common.threads import one_blas_thread
from common.util import normalize
from common.word_counts import nearest
from dataset.sentences import WORD_PAIRS

OVERSAMPLING, ITERATIONS = 10, 5  # of `truncated_svd`


@one_blas_thread()
def truncated_svd(M, k, rng=None):
    """The k largest singular values of M (V, V) with their vectors: U (V, k), S (k,), Vt (k, V).

    By random projection, with power iterations: V^2 k products, where `np.linalg.svd` needs V^3. Halko et al. 2011,
    algorithms 4.4 and 5.1. The signs are such that the largest element of each column of U is positive.
    """
    rng = as_rng("truncated_svd", rng)
    Q = M @ rng.standard_normal((M.shape[1], k + OVERSAMPLING)).astype(M.dtype)  # (V, V) @ (V, k + 10)
    for _ in range(ITERATIONS):
        Q = np.linalg.qr(M.T @ np.linalg.qr(Q)[0])[0]
        Q = M @ Q
    Q = np.linalg.qr(Q)[0]  # (V, k + 10): a basis of the columns of M, nearly
    U, S, Vt = np.linalg.svd(Q.T @ M, full_matrices=False)  # (k + 10, V)
    U, S, Vt = (Q @ U)[:, :k], S[:k], Vt[:k]
    signs = np.sign(np.take_along_axis(U, np.abs(U).argmax(axis=0)[None], axis=0))  # (1, k)
    return U * signs, S, Vt * signs.T


def analogies_solved(W, word_to_id):
    """The share of the analogies a : b = c : d of WORD_PAIRS (a : b and c : d two pairs of a relation) that W solves:
    of all words but a, b and c, d is the nearest to b - a + c, vectors of length 1.
    """
    W, solved = normalize(W), []
    for pairs in WORD_PAIRS.values():
        ids = [(word_to_id[a], word_to_id[b]) for a, b in pairs]
        for (a, b), (c, d) in itertools.permutations(ids, 2):
            solved.append(nearest(W @ (W[b] - W[a] + W[c]), 1, [a, b, c])[0] == d)
    return float(np.mean(solved))


def neighbours_related(W, word_to_id):
    """The share of the words of WORD_PAIRS whose nearest word, of all others, belongs to the same relation."""
    W, related = normalize(W), []
    for pairs in WORD_PAIRS.values():
        ids = [word_to_id[word] for pair in pairs for word in pair]
        related += [nearest(W @ W[i], 1, [i])[0] in ids for i in ids]
    return float(np.mean(related))


def write_vectors(path, W, id_to_word):
    """Write vectors as word2vec does in text: V and D, then a line of a word and its D numbers for each. OSError."""
    lines = [
        f"{len(W)} {W.shape[1]}",
        *(" ".join([id_to_word[i], *map("{:.6g}".format, row)]) for i, row in enumerate(W)),
    ]
    write_atomically(path, ["\n".join([*lines, ""]).encode()])
