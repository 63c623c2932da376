"""A word is known by the company it keeps: co-occurrences of one sentence, PPMI, SVD. Chapter 2, small enough to print.

python -m ch_words.count_words
"""

import numpy as np

from common.util import cos_similarity, create_co_matrix, most_similar, ppmi, preprocess
from dataset.errors import run_script

TEXT = "the cat drinks milk and the dog drinks water."
WINDOW_SIZE = 1
PAIR = ("milk", "water")  # which never stand side by side
QUERY = "cat"


def main():
    # load: a text -> ids (T,)
    corpus, word_to_id, id_to_word = preprocess(TEXT)
    V = len(word_to_id)

    # count: who stands beside whom (V, V); what of that is more than chance; the two directions that hold most of it
    C = create_co_matrix(corpus, V, WINDOW_SIZE)
    M = ppmi(C)
    U, S, _ = np.linalg.svd(M)  # (V, V), (V,), (V, V)

    # show
    print(f"{len(corpus)} words, {V} different ones: {' '.join(word_to_id)}\n\nneighbours, and PPMI:")
    for i, word in id_to_word.items():
        print(f"{word:>7} {C[i]}  {np.array2string(M[i], precision=1, suppress_small=True)}")
    a, b = (word_to_id[word] for word in PAIR)
    for name, rows in (("counts", C), ("PPMI", M), ("two columns of SVD", U[:, :2])):
        print(f"cosine of {' and '.join(PAIR)} by {name}: {cos_similarity(rows[a], rows[b]):.3f}")
    print(f"the first two of {V} singular values hold {(S[:2] ** 2).sum() / (S**2).sum():.0%} of the squares of PPMI")
    most_similar(QUERY, word_to_id, id_to_word, M, top=3)


if __name__ == "__main__":
    run_script(main, __doc__)
