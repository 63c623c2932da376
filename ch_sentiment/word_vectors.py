"""What a sentiment model makes of words: trained from random vectors, good words move away from bad ones.

python -m ch_sentiment.word_vectors docs/word_vectors.png
"""

import argparse

import numpy as np

from ch_sentiment.model import sentiment_net
from common.figures.figure_file import check_figure, write_figure
from common.optimizer import Adam
from common.trainer import Trainer
from dataset import phrases
from dataset.errors import one_line_errors
from dataset.text import Vocab, tokenize

GROUPS = {
    "praise": "good nice funny clever charming lovely exciting pleasant impressive fresh",
    "blame": "bad dull silly clumsy boring weak annoying tiresome disappointing unpleasant",
    "turns the meaning round": "not nobody but although once",
    "neither": "film movie story show book plot music script very really",
}
WORDVEC_SIZE = 32
HIDDEN_SIZE = 64
MAX_EPOCH = 3
LEARNING_RATE = 0.005
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_sentiment.word_vectors", description=__doc__.split("\n")[0])
    parser.add_argument("figure", nargs="?", default="word_vectors.png", help="written to (default: %(default)s)")
    with one_line_errors(parser):
        run(parser.parse_args().figure)


def run(figure):
    # load
    check_figure(figure)
    (texts, t), _ = phrases.load_data()
    tokens = [tokenize(text) for text in texts]
    vocab = Vocab.build(tokens)
    x = [vocab.encode(words) for words in tokens]

    # build, train
    model_rng, order_rng = np.random.default_rng(SEED).spawn(2)
    model = sentiment_net(len(vocab), WORDVEC_SIZE, HIDDEN_SIZE, rng=model_rng)
    Trainer(model, Adam(lr=LEARNING_RATE), callbacks=[], rng=order_rng).fit(x, t, MAX_EPOCH, max_grad=1.0)

    # show
    words = [word for group in GROUPS.values() for word in group.split()]
    groups = [name for name, group in GROUPS.items() for _ in group.split()]
    (W,) = model.words.embed.params
    write_figure(figure, lambda plot: plot.word_map(W[vocab.encode(words)], words, groups))
    print(f"written: {figure}")


if __name__ == "__main__":
    main()
