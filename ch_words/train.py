"""Word vectors by prediction: CBOW or skip-gram with negative sampling. Chapter 4.

python -m ch_words.train ptb.train.txt
"""

import argparse

import numpy as np

from ch_words.figures import draw_map
from ch_words.model import CBOW, with_negative_sampling  # or SkipGram
from ch_words.reading import load, one_line_errors
from ch_words.vectors import write_vectors
from common.optimizer import Adam
from common.trainer import Trainer
from common.util import analogy, create_contexts_target, most_similar, normalize

MODEL = CBOW
WINDOW_SIZE = SAMPLE_SIZE = 5  # words on each side; words that are drawn
HIDDEN_SIZE = 100
MAX_EPOCH, BATCH_SIZE = 10, 100
LEARNING_RATE = 0.01
QUERIES = ("king", "paris", "dogs", "played", "you", "year", "car", "toyota")
ANALOGIES = (("man", "king", "woman"), ("france", "paris", "japan"), ("dog", "dogs", "cat"), ("good", "better", "bad"))
VECTORS, MAP = "word_vectors.txt", "word_map.png"
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_words.train", description="word vectors by prediction")
    parser.add_argument("text", nargs="?", help="a file of text (default: generated sentences)")
    with one_line_errors(parser):
        run(parser.parse_args().text)


def run(path):
    # load
    corpus, word_to_id, id_to_word = load(path, WINDOW_SIZE)
    contexts, target = create_contexts_target(corpus, WINDOW_SIZE)  # (N, 2 WINDOW_SIZE), (N,)
    print(f"{len(corpus):,} words, {len(word_to_id):,} different ones")

    # build, train
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = with_negative_sampling(MODEL, np.bincount(corpus), HIDDEN_SIZE, SAMPLE_SIZE, model_rng)
    trainer = Trainer(model, Adam(lr=LEARNING_RATE), rng=order_rng)
    trainer.fit(contexts, target, MAX_EPOCH, BATCH_SIZE, eval_interval=400)
    W = normalize(model.embed.params[0])  # (V, H)

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
