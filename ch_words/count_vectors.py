"""Word vectors by counting: co-occurrences -> PPMI -> SVD, of a whole text. Chapter 2.

python -m ch_words.count_vectors ptb.valid.txt
"""

import argparse

import numpy as np

from ch_words.figures import draw_map
from ch_words.reading import load_corpus
from ch_words.vectors import truncated_svd, write_vectors
from common.figures.figure_file import check_figure
from common.util import analogy, create_co_matrix, most_similar, normalize, ppmi
from dataset.errors import one_line_errors

WINDOW_SIZE = 5
WORDVEC_SIZE = 100
MAX_VOCAB = 10_000  # V x V counts: 10,000 words need 1.2 GB
QUERIES = ("king", "paris", "dogs", "played", "you", "year", "car", "toyota")
ANALOGIES = (("man", "king", "woman"), ("france", "paris", "japan"), ("dog", "dogs", "cat"), ("good", "better", "bad"))
VECTORS, MAP = "count_vectors.txt", "count_vectors.png"
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_words.count_vectors", description=__doc__.split("\n")[0])
    parser.add_argument("text", nargs="?", help="a file, words between blanks (default: generated)")
    with one_line_errors(parser):
        run(parser.parse_args().text)


def run(path):
    # load
    check_figure(MAP)
    corpus, word_to_id, id_to_word = load_corpus(path, WINDOW_SIZE, MAX_VOCAB)
    V = len(word_to_id)
    print(f"{len(corpus):,} words, {V:,} different ones (at most {MAX_VOCAB:,}: rarer ones are read as <unk>)")

    # count
    C = create_co_matrix(corpus, V, WINDOW_SIZE)  # (V, V)
    U, S, _ = truncated_svd(ppmi(C), min(WORDVEC_SIZE, V), SEED)  # (V, V) -> (V, D), (D,)
    W = normalize(U * np.sqrt(S))  # S spread evenly over U and V

    # show
    for word in [word for word in QUERIES if word in word_to_id]:
        most_similar(word, word_to_id, id_to_word, W)
    for words in [words for words in ANALOGIES if set(words) <= set(word_to_id)]:
        analogy(*words, word_to_id, id_to_word, W, top=3)
    write_vectors(VECTORS, W, id_to_word)
    draw_map(MAP, W, word_to_id)
    print(f"\nwritten: {VECTORS}, {MAP}")


if __name__ == "__main__":
    main()
