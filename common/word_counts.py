"""What can be counted of a text as ids: windows, co-occurrences, PPMI, and the similarity of word vectors.

The corpus is an array of T word ids from 0 to V - 1. Book, chapters 2 and 3.
"""

import numpy as np

from common.arrays.checks import as_array, as_ids, as_number, as_sizes, described


def create_co_matrix(corpus, vocab_size, window_size=1):
    """How often each word stands at most `window_size` places from each other one: (V, V) int32, symmetric.

    corpus: (T,) ids. ValueError for ids that are no words of the vocabulary.
    """
    (vocab_size,) = as_sizes("create_co_matrix", vocab_size=vocab_size)
    window_size = as_number("create_co_matrix", "window_size", window_size, least=0, whole=True)
    ids = as_ids("create_co_matrix", "corpus", corpus, ("T",), vocab_size)
    counts = np.zeros((vocab_size, vocab_size), np.int32)
    for distance in range(1, window_size + 1):
        np.add.at(counts, (ids[:-distance], ids[distance:]), 1)  # the word, and the one so far to its right
    counts += counts.T.copy()  # a copy: the two would overlap
    return counts


def ppmi(C, verbose=False, eps=1e-8):
    """Positive pointwise mutual information of co-occurrences: max(0, log2(C[i, j] N / (S[i] S[j]) + eps)).

    C: (V, V) counts; S: their sums by word; N: the sum of all -> (V, V) float32; 0 for a word without neighbours.
    verbose: prints how far it is. Church and Hanks 1990.
    """
    C = as_array("ppmi", "C", C)
    C = C.astype(np.float64) if C.dtype == np.float16 else C
    if C.ndim != 2 or C.dtype.kind not in "iuf" or not ((C >= 0) & (C <= 2**53)).all():  # NaN is neither
        raise ValueError(f"ppmi: C: expected counts (V, V) from 0 to 2^53, got others, or {described(C)}")
    M = np.zeros(C.shape, np.float32)
    S, N, tenth = C.sum(axis=0, dtype=np.float64), C.sum(dtype=np.float64), max(len(C) // 10, 1)
    for i, row in enumerate(C):
        if S[i] > 0:
            M[i] = np.maximum(np.log2(row * N / np.where(S > 0, S * S[i], 1) + eps), 0)
        if verbose and (i + 1) % tenth == 0:
            print(f"{100 * (i + 1) / len(C):.1f}% done")
    return M


def create_contexts_target(corpus, window_size=1):
    """For each word with whole windows beside it: the words of the windows, and itself.

    corpus: (T,) ids, w: window_size -> contexts (T - 2w, 2w), from left to right, and target (T - 2w,).
    ValueError where the text is shorter than a window.
    """
    corpus = as_ids("create_contexts_target", "corpus", corpus, ("T",), np.inf)
    window_size = as_number("create_contexts_target", "window_size", window_size, whole=True)
    if window_size < 1 or len(corpus) <= 2 * window_size:
        expected = "a window of 1 or more, and a text that is longer than two of them"
        raise ValueError(f"create_contexts_target: expected {expected}, got {window_size} and {len(corpus)} words")
    windows = np.lib.stride_tricks.sliding_window_view(corpus, 2 * window_size + 1)  # (T - 2w, 2w + 1)
    return np.delete(windows, window_size, axis=1), windows[:, window_size].copy()


def convert_one_hot(corpus, vocab_size):
    """Ids of any shape -> int32 of that shape and an axis of V: 1 at the id, 0 elsewhere. ValueError for other ids."""
    (vocab_size,) = as_sizes("convert_one_hot", vocab_size=vocab_size)
    ids = as_ids("convert_one_hot", "corpus", corpus, None, vocab_size)
    one_hot = np.zeros((*ids.shape, vocab_size), np.int32)
    np.put_along_axis(one_hot, ids[..., None], 1, axis=-1)
    return one_hot


def cos_similarity(x, y, eps=1e-8):
    """The cosine of the angle between x and y, (D,) each; about 0 where one of them is 0. eps: added to the lengths."""
    x, y = np.asarray(x), np.asarray(y)
    return np.dot(x / (np.linalg.norm(x) + eps), y / (np.linalg.norm(y) + eps))


def cosines(word_matrix, vector, eps=1e-8):
    """`cos_similarity` of each row of word_matrix (V, D) with vector (D,) -> (V,)."""
    word_matrix, vector = np.asarray(word_matrix), np.asarray(vector)
    lengths = np.linalg.norm(word_matrix, axis=1, keepdims=True)  # (V, D) -> (V, 1)
    return np.dot(word_matrix / (lengths + eps), vector / (np.linalg.norm(vector) + eps))  # (V, D) @ (D,) -> (V,)


def nearest(similarity, top=5, left_out=()):
    """The ids of the `top` largest of similarity (V,), the largest first, without those left out and without nan."""
    order = np.argsort(-similarity, kind="stable")
    return order[~(np.isin(order, left_out) | np.isnan(similarity[order]))][:top]
