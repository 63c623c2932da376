"""Truncated backpropagation through time, written out: an RNN reads a text window by window. Before `train.py`. Ch. 5.

python -m ch_language.train_custom_loop
"""

import argparse

import numpy as np

from ch_language.corpus import load_corpus, one_line_errors
from ch_language.model import LanguageModel, windows
from common.optimizer import SGD, clip_grads

CELL = "rnn"  # or "lstm", "gru"
WORDVEC_SIZE = 50
HIDDEN_SIZE = 100
MAX_EPOCH = 4
BATCH_SIZE = 10  # places of the text that are read side by side
TIME_SIZE = 20  # words of a window
MAX_GRAD = 1.0
LEARNING_RATE = 2.0
SEED = 0


def main():
    parser = argparse.ArgumentParser(
        prog="python -m ch_language.train_custom_loop", description="an RNN, window by window"
    )
    parser.add_argument("text", nargs="?", help="a file of text (default: generated sentences)")
    with one_line_errors(parser):
        run(parser.parse_args().text)


def run(path):
    # load: a text -> ids (T,)
    corpus = load_corpus(path, BATCH_SIZE * TIME_SIZE)
    print(f"{len(corpus.train):,} words to learn from, {len(corpus.words):,} different ones")

    # build
    model = LanguageModel(len(corpus.words), WORDVEC_SIZE, HIDDEN_SIZE, CELL, rng=SEED)
    optimizer = SGD(LEARNING_RATE)

    # train
    for epoch in range(MAX_EPOCH):
        losses = []
        for xs, ts in windows(corpus.train, BATCH_SIZE, TIME_SIZE):  # (N, T) ids, and those that follow them
            losses.append(model.forward(xs, ts))  # begins with the state in which the window before ended
            model.backward()  # ends at the window's first word: this is where it is truncated
            clip_grads(model.grads, MAX_GRAD)
            optimizer.update(model.params, model.grads)
        model.reset_state()
        print(f"| epoch {epoch + 1} | perplexity {np.exp(np.mean(losses)):.2f}", flush=True)

    # show
    print(f"perplexity of the validation text {model.perplexity(corpus.valid):.2f}")


if __name__ == "__main__":
    main()
