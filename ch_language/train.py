"""Train a language model with the RnnlmTrainer, keep it, draw its perplexity. Book, chapters 5 and 6.

python -m ch_language.train ptb.train.txt
"""

import argparse

from ch_language.corpus import load_corpus
from ch_language.model import LanguageModel
from ch_language.saved import save_model
from common.optimizer import SGD
from common.trainer import RnnlmTrainer
from dataset.errors import one_line_errors

CELL = "lstm"  # or "rnn", "gru"
NUM_SAMPLED = None  # words drawn for the softmax of a step, as 512 where there are 20,000; None: all
WORDVEC_SIZE = 100
HIDDEN_SIZE = 100
MAX_EPOCH = 4
BATCH_SIZE = 20
TIME_SIZE = 35
MAX_GRAD = 0.25
LEARNING_RATE = 20.0
MODEL = "language_model.npz"
SEED = 0


def main():
    parser = argparse.ArgumentParser(prog="python -m ch_language.train", description=__doc__.split("\n")[0])
    parser.add_argument("text", nargs="?", help="a file, words between blanks (default: generated)")
    with one_line_errors(parser):
        run(parser.parse_args().text)


def run(path):
    # load
    corpus = load_corpus(path, BATCH_SIZE * TIME_SIZE)
    print(f"{len(corpus.train):,} words to learn from, {len(corpus.words):,} different ones")

    # build
    sizes = (len(corpus.words), WORDVEC_SIZE, HIDDEN_SIZE)
    model = LanguageModel(*sizes, CELL, num_sampled=NUM_SAMPLED, counts=corpus.counts, rng=SEED)

    # train
    trainer = RnnlmTrainer(model, SGD(LEARNING_RATE))
    trainer.fit(corpus.train[:-1], corpus.train[1:], MAX_EPOCH, BATCH_SIZE, TIME_SIZE, MAX_GRAD)

    # show
    perplexity = model.perplexity(corpus.valid)
    print(f"perplexity of the validation text {perplexity:.2f}")
    save_model(MODEL, model, corpus.words, perplexity)
    print(f"written: {MODEL} (python -m ch_language.generate_text)")


if __name__ == "__main__":
    main()
