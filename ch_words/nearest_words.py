"""Ask a file of word vectors: the words nearest to one, or with three words an analogy, "man king woman".

python -m ch_words.nearest_words word_vectors.txt man king woman
"""

import argparse

from ch_words.reading import read_vectors
from common.util import analogy, most_similar, normalize
from dataset.errors import DataError, one_line_errors

TOP = 5


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_words.nearest_words", description=__doc__.split("\n")[0])
    parser.add_argument("vectors", help="a file of word vectors, as ch_words.train writes it, or of word2vec or GloVe")
    parser.add_argument("words", nargs="+", help="one word, or three: A is to B as C is to ...")
    with one_line_errors(parser):
        options = parser.parse_args()
        run(options.vectors, options.words)


def run(path, words):
    if len(words) not in (1, 3):
        raise DataError(f"expected one word, or three for an analogy, got {len(words)}")
    W, word_to_id, id_to_word = read_vectors(path)
    for word in words:
        if word not in word_to_id:
            raise DataError(f"{path}: expected a word of its {len(word_to_id):,}, got {word!r}")
    if len(words) == 1:
        most_similar(*words, word_to_id, id_to_word, W, TOP)
    else:
        analogy(*words, word_to_id, id_to_word, normalize(W), TOP)


if __name__ == "__main__":
    main()
