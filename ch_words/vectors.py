"""What is done with word vectors W (V, D): made of counts, asked for analogies, written to a file, drawn as a map."""

import numpy as np

from common.arrays.checks import as_rng
from common.figures.drawing import DPI, plotting
from common.files.atomic_write import write_atomically
from common.util import normalize
from common.word_counts import nearest
from dataset.errors import DataError
from dataset.sentences import WORD_PAIRS

OVERSAMPLING, ITERATIONS = 10, 5  # of `truncated_svd`
ON_MAP = 40  # words of a text that is not ours
COLOURS = 4  # groups of words that a map can tell apart


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


def analogies_solved(pairs, word_to_id, W):
    """How many of the analogies a : b = c : d of two pairs of a list have d as the word nearest to b - a + c, and of
    how many. pairs: list of (word, word).
    """
    W = normalize(W)
    ids = [(word_to_id[a], word_to_id[b]) for a, b in pairs]
    quartets = [(a, b, c, d) for a, b in ids for c, d in ids if a != c]
    return sum(nearest(W @ (W[b] - W[a] + W[c]), 1, [a, b, c])[0] == d for a, b, c, d in quartets), len(quartets)


def write_vectors(path, W, id_to_word):
    """Write vectors as word2vec does in text: V and D, then a line of a word and its D numbers for each. OSError."""
    lines = [
        f"{len(W)} {W.shape[1]}",
        *(" ".join([id_to_word[i], *map("{:.6g}".format, row)]) for i, row in enumerate(W)),
    ]
    write_atomically(path, ["\n".join([*lines, ""]).encode()])


def draw_map(path, W, word_to_id):
    """A map of the pairs of WORD_PAIRS or, where the text lacks them, of its first words, as a figure. DataError."""
    of_text = [(name, pair) for name, pairs in WORD_PAIRS.items() for pair in pairs if set(pair) <= set(word_to_id)]
    pairs = [(name, pair) for name, pair in of_text if name in list(WORD_PAIRS)[:COLOURS]]
    words, groups = [word for _, pair in pairs for word in pair], [name for name, pair in pairs for _ in pair]
    if len(words) < ON_MAP:
        words, pairs = list(word_to_id)[:ON_MAP], []
        groups = ["words of the text"] * len(words)
    vectors = normalize(W)[[word_to_id[word] for word in words]]  # (K, D)
    try:
        with plotting() as plot:
            ax = plot.word_map(vectors, words, groups, ax=plot.new_axes(9, 8))
            places, _ = plot.principal_components(vectors)  # (K, 2)
            for line in places.reshape(-1, 2, 2)[: len(pairs)]:  # from a word to that of its pair
                ax.plot(*line.T, color="0.75", linewidth=1, zorder=0)
            ax.figure.savefig(path, dpi=DPI)
    except (ImportError, OSError, ValueError) as error:  # no matplotlib; no such folder; no such format
        raise DataError(f"{path}: cannot be written ({error})") from None
