"""The book's address for its helpers, and those of them that print or cut up a text. Nothing new goes here."""

import numpy as np

from common.optimizer import clip_grads
from common.word_counts import (
    convert_one_hot,
    cos_similarity,
    cosines,
    create_co_matrix,
    create_contexts_target,
    nearest,
    ppmi,
)

__all__ = [
    "analogy",
    "clip_grads",
    "convert_one_hot",
    "cos_similarity",
    "create_co_matrix",
    "create_contexts_target",
    "most_similar",
    "normalize",
    "ppmi",
    "preprocess",
    "to_cpu",
    "to_gpu",
]


def preprocess(text):
    """A text -> its words as ids (T,) in the order in which they first occur, word_to_id, id_to_word (dicts).

    Lower case; words end at a space, and before a full stop. (`dataset.text.tokenize` cuts up what people write.)
    """
    words = text.lower().replace(".", " .").split(" ")
    word_to_id = {word: word_id for word_id, word in enumerate(dict.fromkeys(words))}
    id_to_word = {word_id: word for word, word_id in word_to_id.items()}
    return np.array([word_to_id[word] for word in words]), word_to_id, id_to_word


def most_similar(query, word_to_id, id_to_word, word_matrix, top=5):
    """Print the `top` words whose vectors have the largest cosine with that of `query`. word_matrix: (V, D)."""
    if query not in word_to_id:
        print(f"{query} is not found")
        return
    query_id = word_to_id[query]
    similarity = cosines(word_matrix, word_matrix[query_id])  # (V, D), (D,) -> (V,)
    print(f"\n[query] {query}")
    _print_first(similarity, id_to_word, [query_id], top)


def analogy(a, b, c, word_to_id, id_to_word, word_matrix, top=5, answer=None):
    """Print the `top` words nearest to b - a + c: "a is to b as c is to ...". word_matrix: (V, D), rows of length 1.

    answer: a word whose similarity is printed, too.
    """
    for word in (a, b, c, *(() if answer is None else (answer,))):
        if word not in word_to_id:
            print(f"{word} is not found")
            return
    of = {word: np.asarray(word_matrix[word_to_id[word]]) for word in (a, b, c)}
    wanted = normalize(of[b] - of[a] + of[c])
    similarity = np.dot(word_matrix, wanted)  # (V, D) @ (D,) -> (V,)
    print(f"\n[analogy] {a}:{b} = {c}:?")
    if answer is not None:
        print(f"==>{answer}:{similarity[word_to_id[answer]]}")
    _print_first(similarity, id_to_word, [word_to_id[word] for word in (a, b, c)], top)


def _print_first(similarity, id_to_word, left_out, top):
    """Print the words of the largest similarities, without some (their ids) and without those that have none (nan)."""
    for i in nearest(similarity, top, left_out):
        print(f" {id_to_word[i]}: {similarity[i]}")


def to_cpu(x):
    """x as a NumPy array; x itself if it is one."""
    return x.get() if hasattr(x, "get") and not isinstance(x, np.ndarray) else np.asarray(x)


def to_gpu(x):
    """x as a CuPy array. ImportError where CuPy is not installed."""
    import cupy

    return cupy.asarray(x)


def normalize(x):
    """x (N, D), every row scaled to length 1; x (D,), itself. A row of zeros stays."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length == 0, 1, length)
