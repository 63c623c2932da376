"""The better language model: two layers, dropout, tied weights, a learning rate that falls. Book, chapter 6.

python -m ch_language.train_better ptb.train.txt
"""

import argparse
import math

from ch_language.corpus import load_corpus
from ch_language.model import LanguageModel
from ch_language.saved import load_model, save_model
from common.optimizer import SGD
from common.trainer import RnnlmTrainer
from common.training.callbacks import Progress
from dataset.errors import one_line_errors

CELL = "lstm"  # or "rnn", "gru"
SIZE = 100  # of word vectors and of states: tied weights; the book's is 650
NUM_LAYERS = 2
DROPOUT = 0.2  # the book's is 0.5
MAX_EPOCH = 8  # the book's is 40
BATCH_SIZE = 20
TIME_SIZE = 35
MAX_GRAD = 0.25
LEARNING_RATE = 20.0
MODEL = "language_model.npz"
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_language.train_better", description=__doc__.split("\n")[0])
    parser.add_argument("text", nargs="?", help="a file, words between blanks (default: generated)")
    with one_line_errors(parser):
        run(parser.parse_args().text)


def run(path):
    # load
    corpus = load_corpus(path, BATCH_SIZE * TIME_SIZE)
    print(f"{len(corpus.train):,} words to learn from, {len(corpus.words):,} different ones")

    # build
    model = LanguageModel(len(corpus.words), SIZE, SIZE, CELL, NUM_LAYERS, DROPOUT, tied=True, rng=SEED)
    optimizer = SGD(LEARNING_RATE)

    # train
    trainer, best = RnnlmTrainer(model, optimizer, [Progress()]), math.inf
    for epoch in range(MAX_EPOCH):
        trainer.fit(corpus.train[:-1], corpus.train[1:], 1, BATCH_SIZE, TIME_SIZE, MAX_GRAD)
        perplexity = model.perplexity(corpus.valid)
        print(f"| epoch {epoch + 1} | lr {optimizer.lr:g} | validation perplexity {perplexity:.2f}", flush=True)
        if perplexity < best:
            best = perplexity
            save_model(MODEL, model, corpus.words, best)
        else:
            optimizer.lr /= 4
        if trainer.stop_reason:  # Ctrl-C
            break

    # show
    model, _, perplexity = load_model(MODEL)
    print(f"written: {MODEL}, the best of the epochs, validation perplexity {perplexity:.2f}")
    print("next: python -m ch_language.generate_text")


if __name__ == "__main__":
    main()
